import CanonicalJSON
import Engine
import Kinds

extension EvalLoss: RunnableStage {
    static let loss = File<JSON>("loss.json")
    package static let artifact: [Output] = [.figures(loss)]

    package func run(in context: StageContext) throws {
        let all = try sets.map(context.readSet)
        let rows = all.map { rows in rows.filter { !$0.isUnlabelled } }
        let others = all.joined().count - rows.joined().count
        if others > 0 { context.log("\(others) rows are passed over: they say not what is right") }
        let reader = try context.responseRows(prompt, answer)
        let model = try context.inferenceModel("model")
        // All sets in one run: a checkpoint is of one run.
        let questions = try self.questions(about: Array(rows.joined()), reader, model, in: context)
        let likelihoods = try LikelihoodReader(model, workers: context.workers).likelihoods(
            of: questions, checkpoint: context.resultCheckpoint(of: questions.count, unit: "row"))
        var losses: [String: JSON] = [:]
        var start = 0
        for (set, rows) in zip(sets, rows) {
            losses[set] = try Self.loss(of: likelihoods[start..<start + rows.count], set: set)
            start += rows.count
        }
        try context.write(["sets": .object(losses)], to: Self.loss)
    }

    /// What each row's answer is asked as. A prompt loses its beginning where the model reads no longer one.
    private func questions(
        about rows: [Row], _ reader: ResponseRows, _ model: InferenceModel, in context: StageContext
    ) throws -> [LikelihoodQuestion] {
        let positions = model.model.configuration.maximumPositions
        var cut = 0
        var questions: [LikelihoodQuestion] = []
        for row in rows {
            let example = try reader.example(of: row, format: answer)
            let whole = LikelihoodQuestion(
                context: Array(example.tokens[..<example.promptLength]), continuation: Array(example.response))
            let question = whole.cut(to: positions)
            guard !question.context.isEmpty else {
                throw StageFailure(
                    "the answer of the row '\(row.id)' is longer than the \(positions) tokens that the model reads")
            }
            if question != whole { cut += 1 }
            questions.append(question)
        }
        if cut > 0 { context.log("\(cut) of \(rows.count) prompts are longer than the model reads and lost their beginning") }
        return questions
    }

    private static func loss(of likelihoods: ArraySlice<Likelihood>, set: String) throws(StageFailure) -> JSON {
        let tokens = likelihoods.reduce(0) { $0 + $1.tokens }
        let loss = -likelihoods.reduce(0) { $0 + $1.logProbability } / Double(max(1, tokens))
        guard loss.isFinite else {
            throw StageFailure("the model's loss on the set '\(set)' is \(loss); its weights hold no numbers")
        }
        return [
            "loss": tokens == 0 ? .null : .number(loss), "tokens": .count(tokens), "rows": .count(likelihoods.count),
        ]
    }
}
