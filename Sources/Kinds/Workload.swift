import Words

/// What is known of a stage's work before anything has run: how large the model is, and how many rows there are.
///
/// A pass forward takes two operations per parameter and token, a training step six (Kaplan et al., arXiv 2001.08361, 2.1), and
/// what its optimizer takes.
package struct Workload: Sendable {
    /// Of the model that runs or is trained; `nil` where nobody can tell.
    package var model: ModelWork?
    /// Tokens of a row, prompt and answer together.
    package let tokensPerRow: Double
    /// By set.
    package let rows: [String: Double]
    /// What rows begin with as others do.
    package let start: SharedStart?

    /// Tokens with which the rows of a group begin alike, and which are computed once for all of them.
    package struct SharedStart: Hashable, Sendable {
        package let tokens: Double
        /// Rows of a group.
        package let rows: Int

        package init(tokens: Double, rows: Int) { (self.tokens, self.rows) = (tokens, rows) }
    }

    package init(model: ModelWork? = nil, tokensPerRow: Double, rows: [String: Double], start: SharedStart? = nil) {
        (self.model, self.tokensPerRow, self.rows, self.start) = (model, tokensPerRow, rows, start)
    }

    /// Of which nothing is known.
    package static let unknown = Workload(tokensPerRow: 0, rows: [:])

    /// The same for a model of some size.
    package func of(_ model: ModelWork?) -> Workload {
        Workload(model: model, tokensPerRow: tokensPerRow, rows: rows, start: start)
    }

    /// Where only the first rows of one set are read.
    package func reading(_ set: String, atMost limit: Int) -> Workload {
        Workload(
            model: model, tokensPerRow: tokensPerRow, rows: [set: count(of: set, atMost: limit)], start: start)
    }

    /// The same where what rows begin with alike is computed once for as many as are read together.
    func sharing(among rows: Int = .max) -> Workload {
        guard let start else { return self }
        let together = Double(max(1, min(start.rows, rows)))
        return Workload(model: model, tokensPerRow: tokensPerRow - start.tokens * (1 - 1 / together), rows: self.rows)
    }

    /// Operations of some passes over the rows of a set.
    func passes(_ times: Int = 1, over set: String, atMost limit: Int = .max) -> Double? {
        model.map { 2 * Double($0.parameters) * tokensPerRow * count(of: set, atMost: limit) * Double(times) }
    }

    /// Operations of some passes over all rows.
    func passes(_ times: Int) -> Double? { total(rows.keys.sorted().map { passes(times, over: $0) }) }

    /// Operations of one pass over several sets.
    func pass(over sets: [String]) -> Double? { total(sets.map { passes(over: $0) }) }

    /// Operations of a training, but for the steps that another stage has done.
    func training(_ training: TrainingParameters) -> Double? {
        guard let model else { return nil }
        let batch = Double(training.batch)
        let all = training.steps.map(Double.init) ?? (training.epochs ?? 0) * (rows[RowSet.train.rawValue] ?? 0) / batch
        let steps = max(0, all - Double(training.fromStep ?? 0))
        let update = training.lora == nil ? model.update(by: training.optimizer) : 0
        let tokens = training.sharePrefixes ? sharing(among: training.batch).tokensPerRow : tokensPerRow
        return steps * (6 * Double(model.parameters) * tokens * batch + update)
    }

    private func count(of set: String, atMost limit: Int) -> Double { min(rows[set] ?? 0, Double(limit)) }

    private func total(_ parts: [Double?]) -> Double? {
        parts.reduce(0) { sum, part in sum.flatMap { sum in part.map { $0 + sum } } }
    }
}
