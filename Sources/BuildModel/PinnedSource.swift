import CanonicalJSON

/// Sources pin their own bytes: the digests of all their files stand in the action. So an artifact needs no network and no
/// archive to be held against its action, whoever made it.
extension Action {
    /// Whether it is a source: files from outside, which cannot be made again.
    package var isSource: Bool { kind.utf8.starts(with: "source.".utf8) }

    /// The files that a source's parameters pin: `file` with `sha256`, or `files` of `path` with `sha256`; `nil` where they pin
    /// nothing.
    private var pinnedFiles: [FixedOutput.File]? {
        func pin(_ path: JSON?, _ digest: JSON?) -> FixedOutput.File? {
            guard let path = path?.string, let digest = digest?.string.flatMap(Digest.init(hex:)) else { return nil }
            return FixedOutput.File(path: path, digest: digest)
        }
        guard let files = parameters["files"]?.array else {
            return pin(parameters["file"], parameters["sha256"]).map { [$0] }
        }
        let pinned = files.compactMap { pin($0["path"], $0["sha256"]) }
        return pinned.isEmpty || pinned.count != files.count ? nil : pinned
    }

    /// Why an artifact cannot be what a source gave, in words that follow the source; `nil` for what it pins, and for any other
    /// kind of action.
    package func pinFault(of artifact: Artifact) -> String? {
        guard isSource else { return nil }
        guard let pinned = pinnedFiles, inputs.isEmpty else { return "does not say which bytes it pins" }
        let files = Dictionary(artifact.files.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for pin in pinned {
            guard let file = files[FileName(pin.path)] else {
                return "has no file '\(FileNames.shown(pin.path))', which it pins"
            }
            guard file.digest == pin.digest else {
                return
                    "has other bytes than it pins: the SHA-256 of '\(FileNames.shown(pin.path))' is \(file.digest), pinned is "
                    + "\(pin.digest)"
            }
        }
        let names = Set(pinned.map { FileName($0.path) })
        return artifact.files.first { !names.contains($0.name) }.map {
            "has a file '\(FileNames.shown($0.path))', which it does not pin"
        }
    }
}
