import BuildModel
import CanonicalJSON
import Endpoints
import Executor
import Foundation
import Stages
import Store

/// What the stages of a plan would ask of models behind servers, as far as their inputs are there.
struct PlannedQuestions {
    /// Answers that a stage wants, each once, and those of them that are here.
    struct Count: Hashable {
        var recorded: Int
        var total: Int

        var text: String { "\(recorded) of \(total) answers recorded, \(total - recorded) to ask" }
        var json: JSON { ["recorded": .integer(Int64(recorded)), "missing": .integer(Int64(total - recorded))] }
    }

    private let counts: [StageID: Count]

    init(of plan: BuildPlan, in store: Store) {
        var counts: [StageID: Count] = [:]
        for entry in plan.entries where entry.state == .stale && plan.graph[entry.id].endpoint != nil {
            // A damaged input is for a build to mend.
            counts[entry.id] = try? Self.count(for: plan.graph[entry.id], of: plan, in: store)
        }
        self.counts = counts
    }

    subscript(id: StageID) -> Count? { counts[id] }

    /// `nil` where the questions do not follow from the inputs, or an input is not here.
    private static func count(for stage: Stage, of plan: BuildPlan, in store: Store) throws -> Count? {
        let artifacts = stage.inputs.compactMap { input in
            plan.entries[input.stage.index].artifact.map { (name: input.name, artifact: $0) }
        }
        let action = Action(stage: stage, artifacts: artifacts.map(\.artifact.digest))
        guard artifacts.count == stage.inputs.count,
            let asking = try? StageCatalogue.stage(for: action) as? any QuestioningStage
        else { return nil }
        let place = URL.temporaryDirectory.appending(path: "decant-plan-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: place) }
        let workspace = StageWorkspace(directory: place)
        for (name, artifact) in artifacts { try store.materialize(artifact, at: workspace.input(name)) }
        let context = StageContext(inputs: workspace.inputs, outputs: workspace.outputs, threads: 1) { _ in }
        let questions = try asking.questions(in: context)
        return Count(
            recorded: try store.recordedAnswers(to: questions), total: Set(questions.map(\.key)).count)
    }
}
