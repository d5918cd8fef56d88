import ArgumentParser
import BuildModel
import CanonicalJSON
import Endpoints
import Engine
import Executor
import Foundation
import Programs
import Stages
import Store

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what a build would run, why, and for how long. Runs nothing.")

    @OptionGroup var recipe: RecipeArgument

    @OptionGroup var options: ResultOptions

    func run() throws {
        let file = try recipe.read()
        let (plan, questions) = try options.store.reading { store in
            let plan = try file.plan(in: store)
            return (plan, PlannedQuestions(of: plan, in: store))
        }
        options.print(
            plan.json(recipe: file.name) { questions[$0].map { ["answers": $0.json] } ?? [:] }, table(of: plan, questions))
        guard !options.asJSON, let first = plan.entries.first(where: { $0.state != .cached }) else { return }
        Console.hint("explain \(recipe.path) \(plan.graph[first.id].name)")
        Console.hint("build \(recipe.path)")
    }

    private func table(of plan: BuildPlan, _ questions: PlannedQuestions) -> String {
        let nameWidth = plan.entries.map { plan.graph[$0.id].name.columns }.max() ?? 0
        var text = ""
        text.reserveCapacity(plan.entries.count * (nameWidth + 48))
        for entry in plan.entries {
            let why = (entry.why.map(\.text) + (questions[entry.id].map { [$0.text] } ?? [])).joined(separator: "; ")
            var line = ""
            line.append(entry.state.rawValue, columns: 8)
            line.append(plan.graph[entry.id].name, columns: nameWidth)
            line.append(plan.graph[entry.id].kind, columns: 16)
            line.append(entry.prediction.map { Duration.text($0.seconds) + $0.basis.mark } ?? "", columns: 9)
            line += why
            text += line.trimmingTrailingSpace
            text += "\n"
        }
        let waiting = plan.entries.filter { $0.state != .cached }
        text += "\(plan.entries.count) stages: \(plan.entries.count - waiting.count) cached, \(waiting.count) to run"
        if !waiting.isEmpty { text += "\n" + Self.summary(of: waiting.map(\.prediction)) }
        return text
    }

    /// The total time, and what the estimates are based on.
    private static func summary(of predictions: [Prediction?]) -> String {
        let known = predictions.compactMap { $0 }
        let bases: [(Prediction.Basis, String)] = [
            (.sameAction, "an earlier run of the same action"), (.sameKind, "earlier runs of the kind (~)"),
            (.formula, "shapes and this machine's speed (≈)"),
        ]
        let parts = bases.compactMap { basis, words in
            let count = known.count { $0.basis == basis }
            return count == 0 ? nil : "\(count) by \(words)"
        }
        let unknown = predictions.count - known.count
        return "about \(Duration.text(known.map(\.seconds).reduce(0, +))) of work: "
            + (parts + (unknown > 0 ? ["\(unknown) unknown"] : [])).joined(separator: ", ")
    }
}

extension Prediction.Basis {
    fileprivate var mark: String {
        switch self {
        case .sameAction: ""
        case .sameKind: " ~"
        case .formula: " ≈"
        }
    }
}

extension RecipeFile {
    /// What a build of the recipe would do.
    func plan(in store: Store) throws -> BuildPlan {
        let graph = try graph(in: store)
        let threads = Machine.current.processors
        return try BuildPlan(of: graph, in: store, previous: store.lastPlan(of: name)) { Processor.speed(threads: threads) }
    }
}

/// What the stages of a plan would ask of models behind servers, as far as their inputs are there.
struct PlannedQuestions {
    /// The answers that a stage needs, each once, and how many of them are recorded.
    struct Count: Hashable {
        var recorded: Int
        var total: Int

        var text: String { "\(recorded) of \(total) answers recorded, \(total - recorded) to ask" }
        var json: JSON { ["recorded": .count(recorded), "missing": .count(total - recorded)] }
    }

    private let counts: [StageID: Count]

    init(of plan: BuildPlan, in store: Store) {
        var counts: [StageID: Count] = [:]
        for entry in plan.entries where entry.state == .stale && plan.graph[entry.id].endpoint != nil {
            // A build repairs a damaged input.
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
            let asking = try? StageCatalogue.standard.stage(for: action) as? any QuestioningStage
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
