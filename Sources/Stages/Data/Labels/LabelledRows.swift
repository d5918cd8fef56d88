import Engine

extension StageContext {
    /// The rows of a set of the input `data` that say what is right. How many do not stands in the log.
    ///
    /// - Throws: where there are rows, and none of them says it.
    func readLabelled(_ set: File<[Row]>) throws -> [Row] {
        let rows = try read(set, from: "data")
        let labelled = rows.filter { !$0.isUnlabelled }
        guard labelled.count < rows.count else { return rows }
        guard !labelled.isEmpty else {
            throw StageFailure(
                "no row of \(set.name) says what is right; write 'references: judged', so that the teacher's accepted answers "
                    + "say it, or learn from these alone: 'RFT'")
        }
        log("\(rows.count - labelled.count) of \(rows.count) rows of \(set.name) are passed over: they say not what is right")
        return labelled
    }
}
