import BuildModel
import CanonicalJSON
import Kinds

/// A stage kind that this binary can run.
package protocol RunnableStage: StageKind {
    /// All that a run writes.
    static var artifact: [Output] { get }

    /// What of these parameters this version cannot do yet; `nil` where it can do all. Asked before a build starts.
    var limitation: Limitation? { get }

    /// Reads the inputs and writes every output file. The bytes written are a function of the inputs and the parameters
    /// alone: never of time, paths, thread count or the order of a directory, nor of where an earlier run was killed.
    /// Measurements (`isMeasurement`) alone write what depends on time and threads.
    func run(in context: StageContext) throws
}

extension RunnableStage {
    package var limitation: Limitation? { nil }
}

/// What this version cannot do yet.
package struct Limitation: Hashable, Sendable {
    /// A sentence without its full stop.
    package var words: String
    /// The parameter that asks for it; `nil` where the whole kind cannot be run.
    package var parameter: String?

    package init(_ words: String, of parameter: String? = nil) { (self.words, self.parameter) = (words, parameter) }
}

/// Why a stage cannot go on: a full sentence for the person who wrote the recipe.
package struct StageFailure: Error, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// The stage kinds of the language that this program can run.
package struct StageCatalogue: Sendable {
    /// In the order of the language's kinds.
    package let kinds: [any RunnableStage.Type]

    /// The figures that `show` prints, by the names of their files, whichever kind wrote them.
    package let figures: [String: Figures]

    package static let standard = StageCatalogue(KindCatalogue.standard.kinds)

    /// - Parameter declared: kinds of the language; those without a run are left out.
    package init(_ declared: [any StageKind.Type]) {
        kinds = declared.compactMap { $0 as? any RunnableStage.Type }
        let outputs = kinds.flatMap { $0.artifact }
        figures = Dictionary(
            outputs.compactMap { output in output.figures.map { (output.name, $0) } }, uniquingKeysWith: { first, _ in first })
    }

    package func kind(named name: String) -> (any RunnableStage.Type)? { kinds.first { $0.name == name } }

    /// Why this version cannot run a stage; `nil` where it can.
    package func limitation(of kind: String, _ parameters: JSON) -> Limitation? {
        guard let runnable = self.kind(named: kind) else {
            return Limitation("this version of Decant knows the kind '\(kind)', but cannot run it yet")
        }
        return (try? runnable.init(json: parameters) as any RunnableStage)?.limitation
    }

    /// The stage that an action asks for: its kind at its revision, with its parameters read back.
    package func stage(for action: Action) throws(StageFailure) -> any RunnableStage {
        guard let kind = kind(named: action.kind) else {
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
