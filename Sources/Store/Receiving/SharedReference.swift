import BuildModel

/// A ref that lineages share, by what it is for.
enum SharedReference: Hashable {
    case branch(recipe: String)
    case tag(String)
    case action(key: Digest)
    case runNotes

    /// What a full exchange asks for.
    static let patterns = ["refs/heads/*", "refs/tags/*", "refs/decant/actions/*", RunNotes.reference]

    /// - Throws: why the name is none of a lineage's.
    init(_ name: String) throws(Refusal) {
        func refusal(_ reason: String) -> Refusal { Refusal(subject: name, reason: reason) }
        guard GitRepository.isValid(reference: name), name.utf8.count <= 1024,
            Artifact.components(of: name).allSatisfy({ $0.utf8.count <= 200 })
        else { throw refusal("the name cannot be a ref's, or is too long") }
        if name == RunNotes.reference {
            self = .runNotes
        } else if name.hasPrefix("refs/heads/") {
            self = .branch(recipe: String(name.dropFirst("refs/heads/".count)))
        } else if name.hasPrefix("refs/tags/") {
            self = .tag(String(name.dropFirst("refs/tags/".count)))
        } else if name.hasPrefix("refs/decant/actions/") {
            guard let key = StageCommit.key(ofReference: name) else {
                throw refusal("an action's ref is named refs/decant/actions/, two digits, and the key of 64 digits")
            }
            self = .action(key: key)
        } else {
            throw refusal("a lineage shares branches, tags, actions and notes on runs, not this")
        }
    }
}

extension StageCommit {
    /// The action that a ref is named for; `nil` for another ref.
    static func key(ofReference name: String) -> Digest? {
        Digest(hex: String(name.suffix(64))).flatMap { reference(for: $0) == name ? $0 : nil }
    }
}
