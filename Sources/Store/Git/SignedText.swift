import CLibgit2
import Foundation

/// A commit or an annotated tag as its signer saw it: the bytes that were signed, and the signature.
package struct SignedText: Hashable, Sendable {
    package var content: [UInt8]
    /// As it stands there, from its first armoured line on; `nil` where nothing is signed.
    package var signature: String?
    /// What the text itself says of its time: the committer's or the tagger's.
    package var time: Date
    /// The name that an annotated tag gives itself.
    package var tag: String?
    /// Why no signature of this text can be believed, whatever it says; `nil` where there is no such reason.
    package var flaw: String?
}

extension SignedText {
    /// What follows the header of what was signed.
    var message: String {
        var position = content.startIndex
        while position < content.endIndex, content[position] != UInt8(ascii: "\n") {
            position = (content[position...].firstIndex(of: UInt8(ascii: "\n")) ?? content.endIndex - 1) + 1
        }
        return String(decoding: content[position...], as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    /// Reads a commit: the signature stands in its header `gpgsig`, and everything else was signed.
    init(commit bytes: [UInt8]) {
        var content: [UInt8] = []
        var signatures: [[UInt8]] = []
        var time = Date(timeIntervalSince1970: 0)
        var isInSignature = false
        var flaw: String?
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<end]
            if line.isEmpty { break }
            rest = rest[(end + 1)...]
            if isInSignature, line.first == UInt8(ascii: " ") {
                signatures[signatures.count - 1] += Array(line.dropFirst()) + [UInt8(ascii: "\n")]
                continue
            }
            isInSignature = line.starts(with: "gpgsig ".utf8)
            if isInSignature {
                signatures.append(Array(line.dropFirst("gpgsig ".utf8.count)) + [UInt8(ascii: "\n")])
                continue
            }
            if line.starts(with: "gpgsig-sha256 ".utf8) { flaw = "it has a signature of another kind of repository" }
            if line.starts(with: "committer ".utf8) { time = Self.time(inLine: line) }
            content += line
            content.append(UInt8(ascii: "\n"))
        }
        if signatures.count > 1 { flaw = "it has \(signatures.count) signatures" }
        self.init(
            content: content + rest, signature: signatures.first.map { String(decoding: $0, as: UTF8.self) }, time: time,
            flaw: flaw)
    }

    /// Reads an annotated tag: the signature is its end, from the last line on that begins one.
    init(tag bytes: [UInt8]) {
        var start: Int?
        var time = Date(timeIntervalSince1970: 0)
        var name: String?
        var isInHeader = true
        var position = 0
        while position < bytes.count {
            let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            let line = bytes[position..<end]
            if line.isEmpty { isInHeader = false }
            if isInHeader {
                if line.starts(with: "tagger ".utf8) { time = Self.time(inLine: line) }
                if line.starts(with: "tag ".utf8) { name = String(decoding: line.dropFirst(4), as: UTF8.self) }
            } else if Self.beginnings.contains(where: { line.starts(with: $0.utf8) }) {
                start = position
            }
            position = end + 1
        }
        let signature = start.map { String(decoding: bytes[$0...], as: UTF8.self) }
        self.init(content: Array(bytes[..<(start ?? bytes.count)]), signature: signature, time: time, tag: name)
    }

    /// How git recognizes a signature.
    private static let beginnings = [
        "-----BEGIN SSH SIGNATURE-----", "-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP MESSAGE-----",
        "-----BEGIN SIGNED MESSAGE-----",
    ]

    /// `NAME <MAIL> SECONDS ZONE`.
    private static func time(inLine line: ArraySlice<UInt8>) -> Date {
        let words = line.split(separator: UInt8(ascii: " "))
        let seconds = words.dropLast().last.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        return Date(timeIntervalSince1970: TimeInterval(min(max(seconds, 0), 253_402_300_799)))
    }
}

extension GitRepository {
    /// A commit or an annotated tag as its signer saw it; `nil` where the repository has no such object.
    package func signedText(of id: CommitID) throws(StoreError) -> SignedText? {
        guard let oid = Self.id(id.hex), exists(oid) else { return nil }
        try requireIntact(oid)
        var object: OpaquePointer?
        try Self.check(withUnsafePointer(to: oid) { git_odb_read(&object, database, $0) }, "read the object \(id)")
        defer { git_odb_object_free(object) }
        let bytes = [UInt8](
            UnsafeRawBufferPointer(start: git_odb_object_data(object), count: git_odb_object_size(object)))
        switch git_odb_object_type(object) {
        case GIT_OBJECT_COMMIT: return SignedText(commit: bytes)
        case GIT_OBJECT_TAG: return SignedText(tag: bytes)
        default: return nil
        }
    }
}

extension GitRepository {
    /// An annotated tag as its signer saw it; `nil` for anything else, as for what a plain ref names, which bears no signature.
    package func signedText(ofTagObject id: CommitID) throws(StoreError) -> SignedText? {
        guard let oid = Self.id(id.hex), type(of: oid) == GIT_OBJECT_TAG else { return nil }
        return try signedText(of: id)
    }

    /// The commit that an object is, or that it names as a tag; `nil` for anything else.
    package func commit(underTag id: CommitID) throws(StoreError) -> CommitID? {
        guard let oid = Self.id(id.hex), exists(oid) else { return nil }
        return try commit(under: oid).map { CommitID(hex: Self.hex($0)) }
    }
}

extension Store {
    /// A commit or an annotated tag as its signer saw it; `nil` where the store has no such object.
    package func signedText(of id: CommitID) throws(StoreError) -> SignedText? {
        try repository.withLock { repository throws(StoreError) in try repository.signedText(of: id) }
    }

    /// What a tag's ref names as its signer saw it; `nil` for a plain ref, which bears no signature.
    package func signedText(ofTag name: String) throws(StoreError) -> SignedText? {
        try repository.withLock { repository throws(StoreError) in
            guard let id = try repository.named(by: GitRepository.tags + name) else { return nil }
            return try repository.signedText(ofTagObject: id)
        }
    }
}
