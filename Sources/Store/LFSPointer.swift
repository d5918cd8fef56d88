import BuildModel

/// The small text that stands in git for a file that Git LFS keeps.
struct LFSPointer: Equatable {
    var digest: Digest
    /// Bytes.
    var size: Int

    static let prefix = "version https://git-lfs.github.com/spec/v1\n"

    var text: String { "\(Self.prefix)oid sha256:\(digest.hex)\nsize \(size)\n" }

    init(digest: Digest, size: Int) {
        self.digest = digest
        self.size = size
    }

    /// Reads a pointer; `nil` for any text that is not exactly one.
    init?(_ content: [UInt8]) {
        guard content.count < 200, let text = String(validating: content, as: UTF8.self), text.hasPrefix(Self.prefix)
        else { return nil }
        let lines = text.dropFirst(Self.prefix.count).split(separator: "\n")
        guard lines.count == 2, lines[0].hasPrefix("oid sha256:"), lines[1].hasPrefix("size "),
            let digest = Digest(hex: String(lines[0].dropFirst(11))), let size = Int(lines[1].dropFirst(5)), size >= 0
        else { return nil }
        self.init(digest: digest, size: size)
        guard self.text == text else { return nil }
    }
}
