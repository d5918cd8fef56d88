import Words

extension Pipeline {
    /// Whether the set `valid` has rows whose answers a training can be looked at with, as far as recipe and files tell.
    package var canValidate: Bool {
        let valid = RowSet.valid
        return data.setsWithRows.contains(valid) && knownSets?.contains(valid.rawValue) ?? true
            && !data.consistsOfText(valid.rawValue) && data.sources(of: valid.rawValue).allSatisfy { !$0.isUnlabelled }
    }
}
