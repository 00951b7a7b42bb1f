"""What a person pastes to ask a model that is served."""

import json

QUESTION = "Hello!"


def snippet(url: str, model: str) -> str:
    """Return a command and a Python program that ask the model at an address, ready to be copied.

    Args:
        url: such as ``http://127.0.0.1:8080/v1``.
        model: its name there.
    """
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": QUESTION}]}, ensure_ascii=False)
    quoted = body.replace("'", "'\\''")
    return (
        f"curl {url}/chat/completions -H 'Content-Type: application/json' -d '{quoted}'\n"
        "\n"
        "from openai import OpenAI\n"
        "\n"
        f"client = OpenAI(base_url={url!r}, api_key='none')\n"
        f"messages = [{{'role': 'user', 'content': {QUESTION!r}}}]\n"
        f"reply = client.chat.completions.create(model={model!r}, messages=messages)\n"
        "print(reply.choices[0].message.content)"
    )
