"""``mlx.launch`` as a module of ours, so that an app, which starts only those, can start it too."""

from importlib.metadata import entry_points


def main() -> None:
    """Run it with the arguments of this process."""
    [launch] = entry_points(group="console_scripts", name="mlx.launch")
    launch.load()()


if __name__ == "__main__":
    main()
