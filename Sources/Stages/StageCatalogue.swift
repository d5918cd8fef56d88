import BuildModel
import CanonicalJSON
import Kinds

/// Every stage kind that this binary can run.
package enum StageCatalogue {
    /// Sorted by name.
    package static let kinds = runnable(of: .standard)

    /// Those of some kinds that this binary can run.
    package static func runnable(of catalogue: KindCatalogue) -> [any RunnableStage.Type] {
        catalogue.kinds.compactMap { $0 as? any RunnableStage.Type }
    }

    /// Why this version cannot run a stage; `nil` where it can.
    package static func limitation(of kind: String, _ parameters: JSON) -> String? {
        guard let runnable = kinds.first(where: { $0.name == kind }) else {
            return "this version of Decant knows the kind '\(kind)', but cannot run it yet"
        }
        return (try? runnable.init(json: parameters) as any RunnableStage)?.limitation
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
            return try kind.init(json: action.parameters)
        } catch {
            throw StageFailure("the parameters of \(action.kind) cannot be read: \(error)")
        }
    }
}
