import ArgumentParser
import BuildModel
import CanonicalJSON
import Executor

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say why a stage would run: the field, input or revision that makes it stale.")

    @OptionGroup var recipe: RecipeArgument

    @Argument(help: "A stage or target of the recipe.")
    var stage: String

    @OptionGroup var options: ResultOptions

    func run() throws {
        let file = try recipe.read()
        let plan = try options.store.reading { try file.plan(in: $0) }
        let id = try plan.graph.find(stage, of: recipe.path)
        options.print(json(of: id, in: plan), text(of: id, in: plan))
    }

    private func json(of id: StageID, in plan: BuildPlan) -> JSON {
        let entry = plan.entries[id.index]
        return [
            "name": .string(plan.graph[id].name), "state": .string(entry.state.rawValue),
            "why": .array(entry.why.map(\.json)),
            "upstream": .array(plan.roots(of: id).map { json(of: $0, in: plan) }),
        ]
    }

    private func text(of id: StageID, in plan: BuildPlan) -> String {
        let entry = plan.entries[id.index]
        let stage = plan.graph[id]
        guard entry.state != .cached else {
            return "\(stage.name) (\(stage.kind)) is up to date: its result is in the store under \(entry.key?.short ?? "")"
        }
        let head = "\(stage.name) (\(stage.kind)) would run:"
        let own = entry.why.map { "  \($0.text)" }
        let upstream = plan.roots(of: id).flatMap { root in
            ["  because of \(plan.graph[root].name) (\(plan.graph[root].kind)):"]
                + plan.entries[root.index].why.map { "    \($0.text)" }
        }
        return ([head] + own + upstream).joined(separator: "\n")
    }
}

extension BuildPlan {
    /// The stale stages, direct or indirect inputs, that are the reason why a stage waits.
    fileprivate func roots(of id: StageID) -> [StageID] {
        guard entries[id.index].state == .unknown else { return [] }
        var seen: Set<StageID> = []
        var open = graph[id].inputs.map(\.stage)
        while let next = open.popLast() {
            guard entries[next.index].state != .cached, seen.insert(next).inserted else { continue }
            open += graph[next].inputs.map(\.stage)
        }
        return seen.sorted().filter { root in
            // A stage that was never built is no reason.
            entries[root.index].why.contains {
                switch $0 {
                case .inputNotBuilt, .newStage: false
                default: true
                }
            }
        }
    }
}

extension Graph {
    /// The stage or target of this name; another name is an error.
    func find(_ name: String, of recipe: String) throws -> StageID {
        if let id = stage(named: name) ?? targets.first(where: { $0.name == name })?.stage { return id }
        throw CommandFailure.badInput("the recipe has no stage or target '\(name)'", hint: "plan \(recipe)")
    }
}
