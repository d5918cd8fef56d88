import ArgumentParser
import BuildModel
import CanonicalJSON
import Store
import Trust

struct TagCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Name a build or an artifact for good, as a release; without a name, list the tags.")

    @Argument(help: "The tag.")
    var name: String?

    @Argument(help: "A recipe (its newest build), another build, or an artifact; else the store's one recipe.")
    var target: String?

    @Option(name: .shortAndLong, help: "What the tag says.")
    var message: String?

    @Flag(help: "Delete the tag.")
    var delete = false

    @Flag(help: "Replace a tag of this name.")
    var force = false

    @Flag(inversion: .prefixedNo, help: "Sign the tag with git's user.signingkey (else as tag.gpgsign says).")
    var sign: Bool?

    @OptionGroup var options: ResultOptions

    func validate() throws {
        if delete, name == nil || target != nil { throw ValidationError("--delete takes the name of a tag alone") }
    }

    func run() throws {
        let store = try options.openExisting()
        guard let name else { return try list(store) }
        try delete ? remove(name, from: store) : make(name, in: store)
    }

    // MARK: Making and deleting

    private func make(_ name: String, in store: Store) throws {
        try check(name, store)
        let (commit, description) = try tagged(in: store)
        let settings = try store.signingSettings()
        let signer = try SSHSigner.forTags(asked: sign, settings)
        let message = message ?? description
        let made = Result { () throws(StoreError) in
            try store.makeTag(name, of: commit, message: message, replacing: force, signer: signer)
        }
        if case .failure(.cannotSign(let reason)) = made {
            throw CommandFailure.badInput("the tag cannot be signed, and was not made: \(reason)")
        }
        guard try made.get() else { throw exists(name) }
        Console.output("\(name)  \(commit.short)  \(description)")
    }

    private func check(_ name: String, _ store: Store) throws {
        guard Store.isValid(tag: name) else {
            throw CommandFailure.badInput(
                "'\(name)' cannot name a tag: git takes no spaces, '..', '~', '^', ':', '?', '*', '[', no '-' first, no '/' or "
                    + "'.lock' last")
        }
        if let meaning = GitName.otherMeaning(of: name) {
            throw CommandFailure.badInput("'\(name)' cannot name a tag: git takes it for \(meaning); choose another name")
        }
        guard !name.isCommitPrefix else {
            throw CommandFailure.badInput("'\(name)' looks like a commit; name the tag so that nobody takes it for one")
        }
        guard try !store.recipes().contains(name) else {
            throw CommandFailure.badInput("'\(name)' is the name of a recipe; name the tag otherwise: \(name)-1")
        }
        if !force, try store.tag(name) != nil { throw exists(name) }
    }

    private func exists(_ name: String) -> CommandFailure {
        .badInput("the tag '\(name)' exists already; --force replaces it")
    }

    /// The commit to tag, and in words what it is.
    private func tagged(in store: Store) throws -> (CommitID, String) {
        guard let target else {
            let recipes = try store.recipes()
            guard recipes.count == 1, let build = try store.build(of: recipes[0]) else {
                throw CommandFailure.badInput(
                    recipes.isEmpty
                        ? "this store has no build to tag"
                        : "this store has several recipes; name one: " + recipes.joined(separator: ", "))
            }
            return (build.commit, build.words)
        }
        // Here a recipe is the more likely meaning.
        if let build = try store.findBuild(target) { return (build.commit, build.words) }
        let stored = try StoredTarget(target, in: store)
        return (stored.record.commit, "\(stored.name) (\(stored.record.action.kind))")
    }

    private func remove(_ name: String, from store: Store) throws {
        guard let tag = try store.tag(name) else { throw CommandFailure.badInput("there is no tag '\(name)'", hint: "tag") }
        try store.deleteTag(name)
        Console.output("deleted \(name), which named \(tag.commit.short)")
    }

    // MARK: Listing

    private func list(_ store: Store) throws {
        let tags = try store.tags()
        let judge = try store.trust().judge
        let width = tags.map(\.name.columns).max() ?? 0
        for tag in tags {
            let what = try store.description(of: tag.commit)
            let verdict = try store.verdict(onTag: tag.name, by: judge)
            let time = tag.time?.formatted(.iso8601)
            if options.asJSON {
                let json: JSON = [
                    "name": .string(tag.name), "commit": .string(tag.commit.hex), "what": .string(what),
                    "time": time.map(JSON.string) ?? .null, "tagger": tag.tagger.map(JSON.string) ?? .null,
                    "message": .string(tag.message), "signed": .bool(verdict.isValid),
                    "signature": verdict.json,
                ]
                Console.output(json: json)
            } else {
                let signature = verdict == .unsigned ? "" : "  signature \(verdict.words)"
                Console.output(
                    "\(tag.name.padded(to: width))  \(tag.commit.short)  \(time ?? "–".padded(to: 20))  \(what)\(signature)")
            }
        }
    }
}

extension StoredBuild {
    /// `build of smart-home: 12 ran, 3 cached`.
    fileprivate var words: String { "build of \(recipe): \(summary)" }
}

extension Store {
    /// What a commit is, in words.
    fileprivate func description(of commit: CommitID) throws -> String {
        if let build = try build(commit) { return build.words }
        guard let record = try stageCommit(commit.hex) else { return "unknown to Decant" }
        return "artifact \(record.artifact.digest.short) (\(record.action.kind))"
    }
}
