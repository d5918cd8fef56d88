import CLibgit2
import Foundation

/// A release: a name for a commit that stays.
package struct Tag: Sendable {
    package var name: String
    /// What it names.
    package var commit: CommitID
    package var message: String
    /// Who tagged, and when; `nil` for a plain ref that stock git made.
    package var tagger: String?
    package var time: Date?
    /// Whether it ends in what looks like a signature. Whose it is, and whether it holds, the module `Trust` says.
    package var bearsSignature: Bool
}

extension GitRepository {
    static let tags = "refs/tags/"

    /// Writes an annotated tag as git spells it. No ref is moved.
    func writeTag(
        _ name: String, of commit: CommitID, message: String, signer: (any CommitSigner)?
    ) throws(StoreError) -> git_oid {
        let tagger = localSignature()
        let offset = abs(tagger.offset)
        let zone = (tagger.offset < 0 ? "-" : "+") + String(10_000 + Int(offset / 60) * 100 + Int(offset % 60)).dropFirst()
        let content = """
            object \(commit)
            type commit
            tag \(name)
            tagger \(Self.plain(tagger.name)) <\(Self.plain(tagger.email))> \(Int(tagger.time.timeIntervalSince1970)) \(zone)

            \(message.trimmingCharacters(in: .newlines))

            """
        var bytes = Array(content.utf8)
        if let signer { bytes += (try signer.signature(of: bytes).trimmingCharacters(in: .newlines) + "\n").utf8 }
        var id = git_oid()
        try Self.check(git_odb_write(&id, database, bytes, bytes.count, GIT_OBJECT_TAG), "write a tag")
        return id
    }

    /// The tag of a name; `nil` where there is none, or where it names no commit.
    func tag(_ name: String) throws(StoreError) -> Tag? {
        guard let id = try object(of: Self.tags + name), let commit = try commit(under: id) else { return nil }
        let object = try lookUp(id)
        defer { git_object_free(object) }
        var tag = Tag(
            name: name, commit: CommitID(hex: Self.hex(commit)), message: "", tagger: nil, time: nil, bearsSignature: false)
        guard git_object_type(object) == GIT_OBJECT_TAG else { return tag }
        let text = try signedText(of: CommitID(hex: Self.hex(id)))
        tag.bearsSignature = text?.signature != nil
        tag.message = text?.message ?? ""
        if let tagger = git_tag_tagger(object)?.pointee {
            tag.tagger = "\(String(cString: tagger.name)) <\(String(cString: tagger.email))>"
            tag.time = Date(timeIntervalSince1970: TimeInterval(tagger.when.time))
        }
        return tag
    }

    /// Points a tag's ref at a tag object.
    ///
    /// - Returns: whether it could: a ref that is there already stays, unless it is to be replaced.
    func setTag(_ name: String, to id: git_oid, replacing: Bool) throws(StoreError) -> Bool {
        try set(Self.tags + name, to: id, replacing: replacing, "create the tag \(name)")
    }

    func removeTag(_ name: String) throws(StoreError) {
        try Self.check(
            locked(Self.tags + name) { git_reference_remove(pointer, Self.tags + name) }, "delete the tag \(name)")
        DurableFolder.forgetAll()
    }

    /// Without what git allows in no name.
    private static func plain(_ text: String) -> String { text.filter { !"<>\n\0".contains($0) } }
}

extension Store {
    /// The tag of a name; `nil` where there is none.
    package func tag(_ name: String) throws(StoreError) -> Tag? {
        try repository.withLock { repository throws(StoreError) in
            GitRepository.isValid(reference: GitRepository.tags + name) ? try repository.tag(name) : nil
        }
    }

    /// All tags, sorted by name.
    package func tags() throws(StoreError) -> [Tag] {
        try repository.withLock { repository throws(StoreError) in
            var tags: [Tag] = []
            for reference in try repository.references(startingWith: GitRepository.tags) {
                if let tag = try repository.tag(String(reference.dropFirst(GitRepository.tags.count))) { tags.append(tag) }
            }
            return tags
        }
    }

    /// Makes an annotated tag of a commit. What it names, a garbage collector keeps.
    ///
    /// - Parameter replacing: whether a tag of this name is replaced.
    /// - Returns: whether it was made; a tag of this name that is not to be replaced stays.
    package func makeTag(
        _ name: String, of commit: CommitID, message: String, replacing: Bool, signer: (any CommitSigner)? = nil
    ) throws(StoreError) -> Bool {
        try writing { repository throws(StoreError) in
            let tag = try repository.writeTag(name, of: commit, message: message, signer: signer)
            return try repository.setTag(name, to: tag, replacing: replacing)
        }
    }

    package func deleteTag(_ name: String) throws(StoreError) {
        try writing { repository throws(StoreError) in try repository.removeTag(name) }
    }

    /// Whether git takes a name for a tag.
    package static func isValid(tag name: String) -> Bool {
        // The last that git refuses and libgit2 lets pass is the control character 127.
        !name.hasPrefix("-") && !name.unicodeScalars.contains("\u{7F}")
            && GitRepository.isValid(reference: GitRepository.tags + name)
    }
}
