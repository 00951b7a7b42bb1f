# The cask of a release. packaging/sign.sh prints it with its version, checksum and address filled in.
cask "espalier" do
  version "VERSION"
  sha256 "SHA256"

  url "ADDRESS"
  name "Espalier"
  desc "Teach a language model what you know"
  homepage "HOMEPAGE"

  depends_on arch: :arm64
  depends_on macos: ">= :sonoma"

  app "Espalier.app"

  zap trash: [
    "~/Library/Application Support/Espalier",
    "~/Library/Logs/Espalier",
    "~/Library/Saved Application State/app.espalier.espalier-desktop.savedState",
  ]
end
