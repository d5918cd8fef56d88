import BuildModel
import CanonicalJSON

extension Store {
    /// A stage commit by its id, or by at least seven of its digits.
    package func stageCommit(_ reference: String) throws(StoreError) -> StageRecord? {
        try repository.withLock { repository throws(StoreError) in
            guard let id = repository.commitID(startingWith: reference) else { return nil }
            return try StageCommit.read(id, from: repository)
        }
    }

    /// Puts a build on its recipe's branch; one equal to the last adds nothing.
    ///
    /// - Parameter signer: signs the commit; one equal to the last is written again if that was not signed.
    package func recordBuild(_ build: BuildRecord, signer: (any CommitSigner)? = nil) throws(StoreError) -> CommitID {
        let content = build.digest
        let known = try index.build(of: build.recipe, content: content)
        let commit = try repository.withLock { repository throws(StoreError) in
            if let known, try repository.target(of: BuildCommit.branches + build.recipe) == known,
                signer == nil || repository.isSigned(known)
            {
                return known
            }
            return try layout.writing { () throws(StoreError) in
                let commit = try BuildCommit.write(build, signer: signer, objects: objects, repository: repository)
                Adoption.settle(commit, in: layout)
                return commit
            }
        }
        if commit != known { try index.remember(build: commit, of: build.recipe, content: content) }
        try index.forgetNames(of: build.recipe)
        return commit
    }

    /// The builds of a recipe, newest first.
    package func builds(of recipe: String) throws(StoreError) -> [BuildEntry] {
        try repository.withLock { repository throws(StoreError) in try BuildCommit.history(of: recipe, in: repository) }
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

    /// Checks everything against its name and its neighbours.
    package func check() throws(StoreError) -> StoreCheck {
        try repository.withLock { repository throws(StoreError) in
            try StoreCheck(self, repository)
        }
    }
}
