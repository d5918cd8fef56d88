import Store

extension Store {
    /// The build that a person names: a recipe for its newest, a tag, or at least seven digits of a commit, each with `~N` for
    /// the one that stands so many before it. `nil` where nothing has this name.
    func findBuild(_ reference: String) throws -> StoredBuild? {
        guard let tilde = reference.lastIndex(of: "~") else { return try namedBuild(reference) }
        let digits = reference[reference.index(after: tilde)...]
        guard let steps = digits.isEmpty ? 1 : Int(digits), steps >= 0,
            let start = try namedBuild(String(reference[..<tilde]))
        else { return nil }
        var build = start
        for step in 0..<steps {
            guard let previous = try build.previous.flatMap({ try self.build($0) }) else {
                let count = "\(step) build\(step == 1 ? "" : "s")"
                throw CommandFailure.badInput(
                    "'\(reference)' goes back too far: '\(reference[..<tilde])' has \(count) before it",
                    hint: "log \(build.recipe)")
            }
            build = previous
        }
        return build
    }

    private func namedBuild(_ name: String) throws -> StoredBuild? {
        if try recipes().contains(name) { return try build(of: name) }
        if let tag = try tag(name) { return try build(tag.commit) }
        return name.isCommitPrefix ? try build(startingWith: name) : nil
    }
}

/// What a person may name: an artifact, or a whole build.
enum StoredReference {
    case build(StoredBuild)
    case target(StoredTarget)

    /// Stages and targets come first; `RECIPE~0` is a build whatever its stages are called.
    init(_ reference: String, in store: Store) throws {
        if let target = try StoredTarget.find(reference, in: store) {
            self = .target(target)
        } else if let build = try store.findBuild(reference) {
            self = .build(build)
        } else {
            throw CommandFailure.badInput(
                "'\(reference)' is no recipe, stage, target or tag of this store, and no commit starts with it", hint: "log")
        }
    }
}
