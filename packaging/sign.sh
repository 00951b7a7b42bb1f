#!/usr/bin/env bash
# Sign, notarize and staple an app on a Mac, put it into a disk image, and print its Homebrew cask.
#
#   packaging/sign.sh build/dist/Espalier.app https://…/download/v0.1.0
#
# Reads from the environment CODESIGN_IDENTITY (a "Developer ID Application: …" of the keychain), and for notarizing
# NOTARY_PROFILE: a profile that `xcrun notarytool store-credentials` keeps. No secret stands on a command line.
set -euo pipefail
cd "$(dirname "$0")/.."
app=${1:?the app, such as build/dist/Espalier.app}
place=${2:?the address of the folder that the disk image will be in}
: "${CODESIGN_IDENTITY:?a Developer ID Application of the keychain}"
: "${NOTARY_PROFILE:?a profile of xcrun notarytool store-credentials}"

version=$(/usr/libexec/PlistBuddy -c 'Print :CFBundleShortVersionString' "$app/Contents/Info.plist")
image=build/Espalier-$version.dmg
sign() { codesign --force --timestamp --options runtime --sign "$CODESIGN_IDENTITY" "$@"; }

# From the inside out, never --deep: what is signed must not change any more.
find "$app/Contents" -type f \( -name '*.so' -o -name '*.dylib' \) -print0 | while IFS= read -r -d '' file; do sign "$file"; done
find "$app/Contents" -type f -perm +111 ! -name '*.so' ! -name '*.dylib' ! -path '*/MacOS/*' -print0 |
    while IFS= read -r -d '' file; do
        if file -b "$file" | grep -q Mach-O; then sign "$file"; fi
    done
find "$app/Contents" -depth -type d -name '*.framework' -print0 | while IFS= read -r -d '' folder; do sign "$folder"; done
sign --entitlements packaging/entitlements.plist "$app"
codesign --verify --strict --deep --verbose=2 "$app"

# The hardened runtime may forbid what ran before it was signed: the app must still pass its own test.
"$app/Contents/MacOS/Espalier" --self-test

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ditto "$app" "$folder/$(basename "$app")"
ln -s /Applications "$folder/Applications"
rm -f "$image"
hdiutil create -quiet -volname Espalier -srcfolder "$folder" -format ULMO "$image"
sign "$image"
xcrun notarytool submit "$image" --keychain-profile "$NOTARY_PROFILE" --wait
xcrun stapler staple "$image"
xcrun stapler validate "$image"
spctl --assess --type open --context context:primary-signature --verbose "$image"

sum=$(shasum -a 256 "$image" | cut -d' ' -f1)
sed -e "s|VERSION|$version|; s|SHA256|$sum|; s|ADDRESS|$place/$(basename "$image")|; s|HOMEPAGE|${place%/releases/*}|" \
    packaging/cask.rb
