extension Store {
    /// Keeps what stages are called that were built without the whole of their recipe, which has no build of its own for them.
    /// The recipe's next whole build takes their place.
    package func remember(names: [BuildRecord.Stage], of recipe: String) throws(StoreError) {
        try index.remember(names: names, of: recipe)
    }

    /// The recipes that built a stage or target of this name since their last whole build, sorted; those that are gone left out.
    package func stagesBuiltAlone(named name: String) throws(StoreError) -> [(recipe: String, record: StageRecord)] {
        var found: [(recipe: String, record: StageRecord)] = []
        for (recipe, commit) in try index.stages(named: name) {
            if let record = try stageCommit(commit.hex) { found.append((recipe, record)) }
        }
        return found
    }
}
