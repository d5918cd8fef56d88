import Engine
import Kinds
import Words

extension EvalLikelihood: RunnableStage {
    package static let artifact: [Output] = [.sets]

    package func run(in context: StageContext) throws {
        let rows = try sets.map(context.readEvaluatedRows)
        let prompts = try OptionPrompts(prompt, after: self.context, in: context)
        let model = try context.inferenceModel("model")
        let asked = try rows.joined().map { row in
            try AskedRow(row, prompts, positions: model.model.configuration.maximumPositions)
        }
        // All sets in one run: a checkpoint is of one run.
        let questions = asked.flatMap(\.questions)
        let likelihoods = try LikelihoodReader(model, workers: context.workers).likelihoods(
            of: questions, checkpoint: context.resultCheckpoint(of: questions.count, unit: "option"))
        let cut = asked.count(where: \.isCut)
        if cut > 0 { context.log("\(cut) of \(asked.count) prompts are longer than the model reads and lost their beginning") }
        var (row, option) = (0, 0)
        for (set, rows) in zip(sets, rows) {
            let lines = try rows.indices.map { _ in
                defer { (row, option) = (row + 1, option + asked[row].options.count) }
                return try asked[row].answer(Array(likelihoods[option..<option + asked[row].options.count]))
            }
            try context.write(lines, to: EvalGenerate.answers(to: set))
        }
    }
}

/// A row with the questions of its options.
struct AskedRow {
    let row: Row
    let options: [String]
    let questions: [LikelihoodQuestion]
    let isCut: Bool

    init(_ row: Row, _ prompts: OptionPrompts, positions: Int) throws {
        (self.row, options) = (row, try prompts.options(of: row))
        let whole = try prompts.questions(about: options, to: row)
        questions = whole.map { $0.cut(to: positions) }
        isCut = questions != whole
        if let place = questions.firstIndex(where: { $0.context.isEmpty || $0.continuation.count > positions }) {
            throw StageFailure(
                "option \(place + 1) of the row '\(row.id)' is longer than the \(positions) tokens that the model reads")
        }
    }

    /// What stands before the options: of several the longest.
    var prompt: [Int32] { questions.map(\.context).max { $0.count < $1.count } ?? [] }

    /// The most probable option as the answer.
    func answer(_ likelihoods: [Likelihood]) throws -> Answer {
        let scored = zip(likelihoods, options).map { ScoredOption($0, of: $1) }
        if let place = scored.firstIndex(where: { !$0.logProbability.isFinite }) {
            throw StageFailure(
                "the model gives option \(place + 1) of the row '\(row.id)' the log-probability \(scored[place].logProbability); "
                    + "its weights hold no numbers")
        }
        let best = ChoiceCounts.Normalization.none.choice(among: scored) ?? 0
        let tokens = AnswerTokens(
            prompt: prompt.count, response: scored.reduce(0) { $0 + $1.tokens })
        return Answer(row: row.id, response: options[best], tokens: tokens, hasEnded: true, options: scored)
    }
}

/// How rows and their options become tokens.
struct OptionPrompts {
    private enum Form {
        /// With the model's markup, as training has it.
        case prompt(ResponseRows)
        case text(PlainTextEncoder)
    }

    private let form: Form
    private let task: any AnswerTask
    private let style: PromptStyle

    init(_ style: PromptStyle, after context: OptionContext, in stage: StageContext) throws {
        self.style = style
        switch context {
        case .prompt:
            let rows = try stage.responseRows(style)
            (form, task) = (.prompt(rows), rows.task)
        case .text: (form, task) = (.text(try stage.modelFolder("model").plainTexts()), try stage.readTask())
        }
    }

    func options(of row: Row) throws(StageFailure) -> [String] {
        guard let options = task.options(of: row), !options.isEmpty else {
            throw StageFailure("the task '\(task.kind.rawValue)' names no answers to the row '\(row.id)' that could be weighed")
        }
        return options
    }

    func questions(about options: [String], to row: Row) throws(RowError) -> [LikelihoodQuestion] {
        switch form {
        case .prompt(let rows):
            let context = try rows.prompt(of: row)
            return options.map { LikelihoodQuestion(context: context, continuation: rows.prompts.responseTokens(of: $0)) }
        case .text(let encoder):
            let context = task.shown(row, in: style).plainPrompt
            do throws(RowError) {
                return try options.map { option throws(RowError) in try encoder.question(context, " " + option) }
            } catch {
                throw RowError("the row '\(row.id)': \(error)")
            }
        }
    }
}
