import CLibgit2
import CanonicalJSON
import Foundation

/// A build commit that was read: who built what and when, and every stage with its commit.
package struct StoredBuild: Sendable {
    package var commit: CommitID
    package var recipe: String
    package var time: Date
    package var author: String
    /// The commit's subject without the recipe's name: `12 ran, 3 cached`.
    package var summary: String
    /// Whether it bears what looks like a signature. Whose it is, and whether it holds, the module `Trust` says.
    package var bearsSignature: Bool
    /// The recipe's build before this one.
    package var previous: CommitID?
    /// In graph order.
    package var stages: [NamedCommit]
    package var targets: [NamedCommit]

    /// The commit of a stage or a target of this build.
    package func commit(of name: String) -> CommitID? {
        targets.first { $0.name == name }?.commit ?? stages.first { $0.name == name }?.commit
    }
}

/// The texts that a build was made from.
package struct BuildTexts: Hashable, Sendable {
    /// As written.
    package var recipe: String
    /// The lock and the recipes that it extends, by file name.
    package var companions: [String: String]
}

extension GitRepository {
    /// Reads a build commit; `nil` where the commit is absent or of another kind.
    func build(_ id: CommitID) throws(StoreError) -> StoredBuild? {
        guard let commit = try commit(id), let plan = try BuildCommit.plan(of: commit, in: self) else { return nil }
        let subject = commit.message.prefix { $0 != "\n" }
        let recipe = String(subject.prefix { $0 != ":" })
        var previous = commit.parents.first
        // The first build's first parent is a target's stage commit, which has no plan.
        if let parent = previous, try !isBuild(parent) { previous = nil }
        return StoredBuild(
            commit: id, recipe: recipe, time: commit.author.time,
            author: "\(commit.author.name) <\(commit.author.email)>",
            summary: subject.dropFirst(recipe.count + 1).trimmingCharacters(in: .whitespaces),
            bearsSignature: bearsSignature(id),
            previous: previous, stages: NamedCommit.list(plan["stages"]), targets: NamedCommit.list(plan["targets"]))
    }

    private func isBuild(_ id: CommitID) throws(StoreError) -> Bool {
        guard let commit = try commit(id) else { return false }
        return try entry("plan.json", of: commit.tree) != nil
    }
}

extension Store {
    /// The file that a recipe's builds were made from last, absolute; `nil` where this store has made none.
    package func file(ofRecipe name: String) throws(StoreError) -> String? { try index.file(of: name) }

    package func remember(file path: String, ofRecipe name: String) throws(StoreError) {
        try index.remember(file: path, of: name)
    }

    /// Puts a build on its recipe's branch; one equal to the last adds nothing.
    ///
    /// - Parameter signer: signs the commit; one equal to the last is written again if that was not signed.
    package func recordBuild(_ build: BuildRecord, signer: (any CommitSigner)? = nil) throws(StoreError) -> CommitID {
        let content = build.digest
        let known = try index.build(of: build.recipe, content: content)
        let commit = try repository.withLock { repository throws(StoreError) in
            if let known, try repository.target(of: BuildCommit.branches + build.recipe) == known,
                signer == nil || repository.bearsSignature(known)
            {
                return known
            }
            try requireWritable()
            return try layout.writing { () throws(StoreError) in
                let commit = try BuildCommit.write(build, signer: signer, objects: objects, repository: repository)
                GitArrivals.settle(commit, in: layout)
                pending.settle(in: repository)
                return commit
            }
        }
        if commit != known { try index.remember(build: commit, of: build.recipe, content: content) }
        try index.forgetNames(of: build.recipe)
        return commit
    }

    /// The newest builds of a recipe, newest first.
    package func builds(of recipe: String, newest count: Int = .max) throws(StoreError) -> [StoredBuild] {
        try repository.withLock { repository throws(StoreError) in
            var builds: [StoredBuild] = []
            var next = try repository.target(of: BuildCommit.branches + recipe)
            while builds.count < count, let id = next, let build = try repository.build(id) {
                builds.append(build)
                next = build.previous
            }
            return builds
        }
    }

    /// The build that is `steps` builds before a recipe's newest; `nil` where the recipe has fewer builds.
    package func build(of recipe: String, back steps: Int = 0) throws(StoreError) -> StoredBuild? {
        let builds = try builds(of: recipe, newest: steps + 1)
        return builds.count == steps + 1 ? builds.last : nil
    }

    /// A build by its commit.
    package func build(_ commit: CommitID) throws(StoreError) -> StoredBuild? {
        try repository.withLock { repository throws(StoreError) in try repository.build(commit) }
    }

    /// A build by at least seven digits of its commit.
    package func build(startingWith digits: String) throws(StoreError) -> StoredBuild? {
        try repository.withLock { repository throws(StoreError) in
            try repository.commitID(startingWith: digits).flatMap { id throws(StoreError) in try repository.build(id) }
        }
    }

    /// The newest build that has a stage's commit among its targets, else among its stages; `nil` where none has it.
    package func build(with stage: CommitID) throws(StoreError) -> StoredBuild? {
        var other: StoredBuild?
        for recipe in try recipes() {
            var next = try build(of: recipe)
            while let build = next {
                if build.targets.contains(where: { $0.commit == stage }) { return build }
                if other == nil, build.stages.contains(where: { $0.commit == stage }) { other = build }
                next = try build.previous.flatMap { commit throws(StoreError) in try self.build(commit) }
            }
        }
        return other
    }

    /// The recipe of a build as it was written, with its lock and the recipes that it extends.
    package func texts(of build: StoredBuild) throws(StoreError) -> BuildTexts {
        try repository.withLock { repository throws(StoreError) in
            guard let commit = try repository.commit(build.commit) else {
                throw .git(operation: "read the build \(build.commit)", reason: "the commit is gone")
            }
            var texts: [String: String] = [:]
            for entry in try repository.entries(of: commit.tree)
            where entry.isFile && !["plan.json", ".gitattributes"].contains(entry.name) {
                texts[entry.name] = String(decoding: try repository.readBlob(entry.id), as: UTF8.self)
            }
            let recipe = texts.removeValue(forKey: "recipe.yaml") ?? ""
            return BuildTexts(recipe: recipe, companions: texts)
        }
    }

    /// Names of the recipes that were built here, sorted.
    package func recipes() throws(StoreError) -> [String] {
        try repository.withLock { repository throws(StoreError) in
            try repository.references(startingWith: BuildCommit.branches).map {
                String($0.dropFirst(BuildCommit.branches.count))
            }
        }
    }

    /// The `plan.json` of a recipe's newest build.
    package func lastPlan(of recipe: String) throws(StoreError) -> JSON? {
        try repository.withLock { repository throws(StoreError) in
            guard let head = try repository.target(of: BuildCommit.branches + recipe), let commit = try repository.commit(head)
            else { return nil }
            return try BuildCommit.plan(of: commit, in: repository)
        }
    }
}

extension Store {
    /// Keeps what stages are called that were built without the whole of their recipe, which has no build of its own for them.
    /// The recipe's next whole build takes their place.
    package func remember(names: [NamedCommit], of recipe: String) throws(StoreError) {
        try index.remember(names: names, of: recipe)
    }

    /// The recipes that built a stage or target of this name since their last whole build, sorted; those that are gone left
    /// out.
    package func stagesBuiltAlone(named name: String) throws(StoreError) -> [(recipe: String, record: StageRecord)] {
        var found: [(recipe: String, record: StageRecord)] = []
        for (recipe, commit) in try index.stages(named: name) {
            if let record = try stageCommit(commit.hex) { found.append((recipe, record)) }
        }
        return found
    }
}
