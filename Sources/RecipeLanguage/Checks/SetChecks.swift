import Declarations
import Diagnostics
import Words

/// Whether the sets that a recipe asks for have rows, once the files of its data have been looked into.
struct SetChecks {
    private let pipeline: Pipeline
    private let known: Set<String>

    /// - Parameter known: the sets that have rows when rows are divided.
    init(_ pipeline: Pipeline, known: Set<String>) {
        self.pipeline = pipeline.knowing(sets: known)
        self.known = self.pipeline.knownSets ?? known
    }

    var findings: [Diagnostic] {
        var findings: [Diagnostic] = []
        let calibration = pipeline.calibrations.filter { $0.name.isWritten && $0.origin(in: pipeline.data) == .set }
        let asked = (pipeline.evaluate.sets?.value ?? []) + calibration.map(\.name)
        for set in asked where !known.contains(set.value) {
            findings.append(finding(set.value, at: set.span, label: "nothing to work on"))
        }
        let steps = pipeline.allSteps.filter { $0.dataName == Pipeline.ownData }
        if let checks = steps.lazy.compactMap(\.training.validation).first, !known.contains(RowSet.valid.rawValue) {
            findings.append(finding(RowSet.valid.rawValue, at: checks.$every.span, label: "nothing to look at"))
        }
        if let threshold = pipeline.evaluate.threshold, threshold.value == .chosen, !known.contains(RowSet.valid.rawValue) {
            findings.append(finding(RowSet.valid.rawValue, at: threshold.span, label: "nothing to choose it on"))
        }
        if pipeline.evaluate.sets == nil, pipeline.evaluatedSets.isEmpty {
            findings.append(
                Diagnostic(
                    .warning, code: Problem.emptySet.rawValue, "no set has rows to evaluate, so nothing is",
                    at: pipeline.data.split.$test.span,
                    help: "set 'data.split.test' above 0%, or name rows under 'data.ingest.test'"))
        }
        return findings
    }

    private func finding(_ set: String, at span: SourceSpan, label: String) -> Diagnostic {
        Diagnostic(.emptySet, "the set '\(set)' has no rows", at: span, label: label, help: advice(for: set))
    }

    /// The recipe alone is right: what is missing is in the files.
    private func advice(for set: String) -> String {
        switch RowSet(rawValue: set) {
        case .phrasing: "write four templates or more for a function, or leave the set out"
        case .values: "write 'hold_out: true' in a slot of two values or more that templates use, or leave the set out"
        case .train, .valid, .test: "there are too few rows: write more, raise 'data.split.\(set)', or leave the set out"
        case .robust: "it is made of the rows of 'test', and there are none: raise 'data.split.test', or leave the set out"
        case .ood, nil: "add rows of it, or leave the set out"
        }
    }
}

extension Recipe {
    /// Sets that variants ask for and that have no rows.
    ///
    /// - Parameter known: the sets that have rows, by `dataIdentity`.
    package func emptySets(_ known: [Pipeline.DataIdentity: Set<String>]) -> [Diagnostic] {
        var findings: [Diagnostic] = []
        for pipeline in pipelinesButForSeeds where findings.count < 100 {
            guard let sets = known[pipeline.dataIdentity] else { continue }
            findings += SetChecks(pipeline, known: sets).findings
        }
        return findings.sortedByPosition()
    }
}
