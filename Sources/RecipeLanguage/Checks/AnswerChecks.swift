import Declarations
import Diagnostics
import Words

/// Whether there are answers for what learns from answers, and questions for what asks: a text is neither.
struct AnswerChecks {
    let pipeline: Pipeline
    let findings: Findings

    func run() {
        for (pipeline, steps) in pipeline.stepsByData {
            checkSampling(pipeline, steps)
            checkTraining(pipeline, steps)
        }
        checkEvaluation()
    }

    /// Judged answers are sampled ones.
    private func checkSampling(_ pipeline: Pipeline, _ steps: [Transfer.Step]) {
        guard pipeline.sample == nil, let step = steps.first(where: { $0.method.value.needsJudgedAnswers }) else { return }
        guard pipeline.furtherData == nil else { return reportUnanswered(step, of: pipeline) }
        let name = step.method.value.rawValue
        findings.report(
            .needsAnswers, "'\(name)' learns from judged answers, and with 'sample: none' there are none", at: step.method.span,
            help: "leave 'sample: none' out, or write 'KD' or 'SFT' in place of '\(name)'")
    }

    private func reportUnanswered(_ step: Transfer.Step, of pipeline: Pipeline) {
        let name = step.method.value.rawValue
        findings.report(
            .needsAnswers, "'\(name)' learns from judged answers, and to '\(pipeline.dataName)' there are none",
            at: step.method.span,
            help: "write 'sample: {}' under '\(pipeline.dataName)', or 'KD' or 'SFT' in place of '\(name)'")
    }

    /// A text asks nothing that a teacher or a student could answer.
    private func checkTraining(_ pipeline: Pipeline, _ steps: [Transfer.Step]) {
        guard let text = pipeline.data.text(in: RowSet.train.rawValue) else { return }
        let asking = steps.first { step in
            let method = step.method.value
            return method.needsJudgedAnswers || method.samplesAnswers || method == .kd && pipeline.sample != nil
        }
        guard let step = asking else { return }
        let name = step.method.value.rawValue
        findings.report(
            .textAsRows, "'\(name)' has the training rows answered, and a text asks nothing", at: text.name.span,
            label: "a text", secondary: step.method.isWritten ? [.init(step.method.span)] : [],
            help: step.method.value == .kd
                ? "write 'sample: none': KD then learns the text itself, and the own answers of other rows"
                : "take the text out of 'data.ingest.train', or write 'SFT', or 'KD' and 'sample: none'")
    }

    /// Models answer the rows of the sets that are evaluated.
    private func checkEvaluation() {
        for set in pipeline.evaluatedSets {
            guard let text = pipeline.data.text(in: set) else { continue }
            let written = pipeline.evaluate.sets?.value.first { $0.value == set }
            findings.report(
                .textAsRows, "the set '\(set)' has text among its rows, which asks for no calls",
                at: written?.span ?? text.name.span, label: written == nil ? "a text" : "",
                secondary: written == nil ? [] : [.init(text.name.span, "a text")],
                help: "evaluate other sets; with 'data.split: {test: 0%}', no training row becomes a test row")
        }
    }
}

extension DataSection {
    /// A text that gives rows to a set, as far as the recipe tells.
    func text(in set: String) -> RowSource? { sources(of: set).first { $0.format.value == .text } }

    /// Whether a set has rows, as far as the recipe tells, and all of them are of texts.
    func consistsOfText(_ set: String) -> Bool {
        let sources = sources(of: set)
        return !sources.isEmpty && sources.allSatisfy { $0.format.value == .text }
    }

    /// The sources whose rows may fall into a set; none where rows are generated.
    func sources(of set: String) -> [RowSource] {
        guard case .ingest(let ingest) = rows else { return [] }
        switch RowSet(rawValue: set) {
        case .train: return ingest.train
        case .valid: return ingest.valid + (split.valid > 0 ? ingest.divided : [])
        case .test: return ingest.test + (split.test > 0 ? ingest.divided : [])
        case .ood: return ingest.ood
        // What is held out calls a function.
        case .phrasing, .values: return []
        case .robust: return self.sources(of: RowSet.test.rawValue)
        case nil: return ingest.sets.first { $0.name.value == set }?.sources ?? []
        }
    }
}
