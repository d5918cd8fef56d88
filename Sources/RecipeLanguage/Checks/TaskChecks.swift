import Declarations
import Diagnostics
import Kinds
import Words

/// Whether the rest of a variant fits what its rows want.
struct TaskChecks {
    let pipeline: Pipeline
    let findings: Findings

    private var task: Spanned<TaskKind> { pipeline.task.kind }

    func run() {
        checkMetrics()
        checkInstructions()
        checkMethod()
        guard task.value != .calls else { return }
        checkRows()
        checkStrata()
        checkFunctions()
        checkReasoning()
        checkConstraints()
    }

    /// Each task has metrics of its own.
    private func checkMetrics() {
        let known = EvaluateSection.Metric.known(to: task.value)
        for metric in pipeline.evaluate.metrics?.value ?? [] where !known.contains(metric.value) {
            report(
                "the task '\(task.value.rawValue)' has no metric '\(metric.value.rawValue)'", at: metric.span,
                help: "it has \(known.map(\.rawValue).joined(separator: ", "))")
        }
    }

    private func checkInstructions() {
        guard task.value == .calls, !pipeline.task.rows.instructions.isEmpty, case .generate = pipeline.data.rows else {
            return
        }
        report(
            "rows that 'data.generate' makes have no instructions", at: pipeline.task.rows.$instructions.span,
            help: "write 'instructions' at the top of the recipe")
    }

    /// Likelihoods are of options; a rank is a likelihood.
    private func checkMethod() {
        guard let method = pipeline.evaluate.method else { return checkLikelihoods(of: pipeline.answerMethod) }
        switch (task.value, method.value) {
        case (.calls, .likelihood), (.extract, .likelihood), (.text, .likelihood):
            report(
                "the task '\(task.value.rawValue)' names no answers whose likelihood could be found", at: method.span,
                help: "write 'by: generation'")
        case (.rank, .generation):
            report(
                "to rank is to find how probable yes and no are, and what a model writes does not say that", at: method.span,
                help: "leave 'by' out")
        case (.choice, .generation):
            let own: [EvaluateSection.Metric] = [.acc, .accNorm, .accBytes, .greedy]
            for metric in pipeline.evaluate.metrics?.value ?? [] where own.contains(metric.value) {
                report(
                    "'\(metric.value.rawValue)' compares likelihoods", at: metric.span, secondary: [.init(method.span)],
                    help: "write 'by: likelihood', or the metric 'ar'")
            }
        default: break
        }
        checkLikelihoods(of: method.value)
    }

    /// Fields that only one way of answering has.
    private func checkLikelihoods(of method: AnswerMethod) {
        let evaluate = pipeline.evaluate
        if method == .generation, evaluate.likelihoods.$context.isWritten {
            report(
                "'context' is about likelihoods, and answers are written", at: evaluate.likelihoods.$context.span,
                help: "leave it out, or write 'by: likelihood'")
        }
        if method == .likelihood, evaluate.answers.constrained {
            report(
                "no answer is written that could be constrained", at: evaluate.answers.$constrained.span,
                help: "leave 'constrained' out")
        }
    }

    /// Rows that are generated, and those of some formats, call functions.
    private func checkRows() {
        switch pipeline.data.rows {
        case .generate(let generate):
            report(
                "rows that 'data.generate' makes call functions", at: task.span,
                secondary: [.init(generate.functions.span, "from these")],
                help: "write 'task: calls', or read rows from files with 'data.ingest'")
        case .ingest(let ingest):
            for source in ingest.sources where source.callsFunctions && task.value != .rank {
                report(
                    "rows of the format '\(source.format.value.rawValue)' call functions", at: source.format.span,
                    secondary: [.init(task.span, "wants words")], help: "write 'task: calls', or another format")
            }
        }
    }

    /// Rows of free answers are all of one kind.
    private func checkStrata() {
        let split = pipeline.data.split
        guard split.stratify, ![.classify, .rank].contains(task.value) else { return }
        report(
            "rows of the task '\(task.value.rawValue)' have no functions or labels to be divided by", at: split.$stratify.span,
            help: "leave 'stratify' out")
    }

    private func checkFunctions() {
        let data = pipeline.data
        let fields: [(String, Spanned<Void>?)] = [
            ("data.split.ood", data.split.outOfDomain.isEmpty ? nil : data.split.$outOfDomain.map { _ in }),
            ("data.candidates", data.split.candidates == 0 ? nil : data.split.$candidates.map { _ in }),
            ("data.candidates.group", data.split.group == 1 ? nil : data.split.$group.map { _ in }),
            ("data.retrieve", data.retrieve.map { $0.kind.$topK.map { _ in } }),
            ("data.no_call", data.noCall.map { $0.$share.map { _ in } }),
            ("evaluate.threshold", pipeline.evaluate.threshold.map { $0.map { _ in } }),
            ("baseline", pipeline.baseline?.field), ("evaluate.domains", pipeline.evaluate.domains.map { $0.map { _ in } }),
        ]
        for case (let name, let field?) in fields {
            report(
                "'\(name)' is about functions, and the task '\(task.value.rawValue)' has none", at: field.span,
                help: "leave it out")
        }
    }

    /// A rule makes reasonings for calls, and takes those of worked numbers. A teacher behind an endpoint gives its own, which
    /// validation has none of.
    private func checkReasoning() {
        guard !(task.value == .text && pipeline.task.rows.reading == .number) else { return }
        let stars =
            pipeline.allSteps.filter { pipeline.teacher.endpoint == nil || $0.training.validation != nil }.compactMap(\.star)
            + [pipeline.tokenizer.answers, pipeline.student.tokenizer?.answers].compactMap { $0 }
            .filter { $0.isWritten && $0.value == .reasoning }.map(\.span)
        guard let star = stars.first else { return }
        report(
            "no rule makes a reasoning for the task '\(task.value.rawValue)'", at: star,
            help: "leave the '*' out, or 'answers: reasoning'")
    }

    /// A free text has no grammar.
    private func checkConstraints() {
        guard task.value == .text else { return }
        let flags = [pipeline.evaluate.answers.$constrained, pipeline.sample?.$constrained].compactMap { $0 }
        for flag in flags where flag.value {
            report(
                "answers of the task 'text' are free texts, which no grammar constrains", at: flag.span, help: "leave it out")
        }
    }

    private func report(_ message: String, at span: SourceSpan, secondary: [Diagnostic.Label] = [], help: String) {
        let label = secondary.isEmpty && task.isWritten && task.span != span ? [Diagnostic.Label(task.span)] : secondary
        findings.report(.wrongTask, message, at: span, secondary: label, help: help)
    }
}

extension RowSource {
    /// Whether all of a source's rows call functions, or none.
    fileprivate var callsFunctions: Bool {
        [.snips, .xlam, .bfcl].contains(format.value) || format.value == .spans && !reading.calls.value.isEmpty
    }
}
