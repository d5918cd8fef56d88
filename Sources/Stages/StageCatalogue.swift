import BuildModel
import CanonicalJSON
import Planner

/// Every stage kind that this binary can run.
package enum StageCatalogue {
    /// Sorted by name.
    package static let kinds: [any RunnableStage.Type] = [
        AdapterMerge.self, BenchDecode.self, DataCompressPrompt.self, DataGenerate.self, DataIngest.self,
        DataKnowledge.self, DataRetrieve.self, DataSplit.self, DPOTrain.self, EndpointSample.self, EvalCost.self,
        EvalGenerate.self, EvalPerplexity.self, EvalScore.self, Exec.self, Judge.self, KDCapture.self, KDOnPolicy.self,
        KDTrain.self, ModelImport.self, ModelInit.self, PruneApply.self, PruneScore.self, QuantApply.self,
        QuantCalibrate.self, Report.self, RLTrain.self, Sample.self, TokenizerTrain.self, TrainSFT.self,
    ]

    /// Why this version cannot run a stage; `nil` where it can.
    package static func limitation(of kind: String, _ parameters: JSON) -> String? {
        guard let runnable = kinds.first(where: { $0.name == kind }) else {
            return "this version of Decant knows the kind '\(kind)', but cannot run it yet"
        }
        return (try? parameters.decode(runnable) as any RunnableStage)?.limitation
    }

    /// The stage that an action asks for: its kind at its revision, with its parameters read back.
    package static func stage(for action: Action) throws(StageFailure) -> any RunnableStage {
        guard let kind = kinds.first(where: { $0.name == action.kind }) else {
            throw StageFailure("this version of Decant has no stage kind '\(action.kind)'")
        }
        guard kind.revision == action.revision else {
            throw StageFailure(
                "the action is of revision \(action.revision) of \(action.kind); this version of Decant has revision "
                    + "\(kind.revision)")
        }
        do {
            return try action.parameters.decode(kind)
        } catch {
            throw StageFailure("the parameters of \(action.kind) cannot be read: \(error)")
        }
    }
}
