import BuildModel

extension Store {
    /// The newest builds of a recipe, newest first; no older ones are read.
    package func builds(of recipe: String, newest count: Int) throws(StoreError) -> [StoredBuild] {
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

    /// The build that stands so many before a recipe's newest; `nil` where the recipe has not so many.
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
            for (name, entry) in try repository.entries(of: commit.tree) where !["plan.json", ".gitattributes"].contains(name) {
                guard case .blob(let id) = entry else { continue }
                texts[name] = String(decoding: try repository.readBlob(id), as: UTF8.self)
            }
            let recipe = texts.removeValue(forKey: "recipe.yaml") ?? ""
            return BuildTexts(recipe: recipe, companions: texts)
        }
    }
}
