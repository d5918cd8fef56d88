import BuildModel
import Engine
import Kinds
import Stages
import Store
import Words

/// What a model's lineage says about how it is asked.
struct ModelHistory {
    /// The model's own stage first, then its inputs, the nearest first.
    private let stages: [Lineage.Stage]

    init(_ lineage: Lineage, of commit: CommitID) {
        var open = [commit]
        var seen: Set<CommitID> = []
        var stages: [Lineage.Stage] = []
        while !open.isEmpty {
            var next: [CommitID] = []
            for commit in open where seen.insert(commit).inserted {
                guard let stage = lineage[commit] else { continue }
                stages.append(stage)
                next += stage.inputs.map(\.commit)
            }
            open = next
        }
        self.stages = stages
    }

    /// The nearest data; `nil` where there are none.
    var data: StageRecord? { stages.first { $0.record.artifact.isData }?.record }

    /// What the rows of the nearest data are for.
    func task(in store: Store) throws -> TaskDescription {
        try data.flatMap { try store.read(DataFiles.task, of: $0.artifact) } ?? .calls
    }

    /// What the prompts of the nearest training showed; `nil` where no training says it.
    var prompt: PromptStyle? {
        stages.lazy.compactMap { $0.record.action.parameters["prompt"]?.string.flatMap(PromptStyle.init(rawValue:)) }.first
    }

    /// The functions of the nearest data; empty where there are none.
    func functions(in store: Store) throws -> [String: FunctionDefinition] {
        try data.flatMap { try store.read(DataFiles.functions, of: $0.artifact)?.functions } ?? [:]
    }

    /// What decides between calls and none, as the build of the model has found it; `nil` where none was looked for.
    ///
    /// Only models that have learned from rows without the right function are looked up: all stages of the store are read.
    func callThreshold(of target: StoredTarget, in store: Store) throws -> Double? {
        guard let model = stages.first?.record, stages.contains(where: { $0.record.action.kind == DataNoCall.name }) else {
            return nil
        }
        let decisions = try store.stages(ofKinds: [EvalDecide.name]).filter { decision in
            decision.inputs.contains { answers in
                answers.action.inputs.contains { $0.name == "model" && $0.artifact == model.artifact.digest }
            }
        }
        let names = try StageNames(around: target, in: store)
        let own = decisions.filter { names.name(of: $0.record.commit) != nil }
        // A model that no build is named with: any decision is as good, and the one with the smallest commit always the same.
        let possible = own.isEmpty && target.build == nil ? decisions : own
        for decision in possible.sorted(by: { $0.record.commit < $1.record.commit }) {
            let figures = try store.read(EvalDecide.thresholds, of: decision.record.artifact)
            if let threshold = figures?["threshold"]?.double { return threshold }
        }
        return nil
    }

    /// The numerics of the nearest stage that did not compute portably; `portable` where all did.
    ///
    /// A recipe has one of them for all its stages, but those that run and train no model are portable in any recipe.
    var numerics: Numerics { stages.lazy.map(\.record.action.numerics).first { $0 != .portable } ?? .portable }

    /// What the nearest training teaches.
    var answerStyle: AnswerStyle {
        let teaching = [TrainSFT.name, RLTrain.name, KDCapture.name, KDDirect.name, KDOnPolicy.name, Sample.name, Judge.name]
        let stage = stages.first { teaching.contains($0.record.action.kind) }
        return stage?.record.action.parameters["answer"]?.string.flatMap(AnswerStyle.init(rawValue:)) ?? .call
    }
}
