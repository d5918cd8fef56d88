import ArgumentParser
import Executor
import Store

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what a build would run, why, and for how long. Runs nothing.")

    @Argument(help: "The recipe.")
    var recipe: String

    @OptionGroup var storeOptions: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = try storeOptions.open()
        let file = try RecipeFile(path: recipe)
        let graph = try file.graph { try store.digest(ofFileAt: $0) }
        let name = file.name
        let plan = try BuildPlan(of: graph, in: store, previous: store.lastPlan(of: name))
        Console.output(output.asJSON ? plan.json(recipe: name).canonicalText : table(of: plan))
        if !output.asJSON, plan.entries.contains(where: { $0.state != .cached }) { Console.hint("build \(recipe)") }
    }

    private func table(of plan: BuildPlan) -> String {
        let nameWidth = plan.entries.map { plan.graph[$0.id].name.count }.max() ?? 0
        var lines = plan.entries.map { entry in
            let stage = plan.graph[entry.id]
            let why = entry.why.map(\.text).joined(separator: "; ")
            return [
                entry.state.rawValue.padded(to: 8), stage.name.padded(to: nameWidth), stage.kind.padded(to: 16),
                (entry.seconds.map(Duration.text) ?? "").padded(to: 7), why,
            ].joined(separator: " ").trimmingTrailingSpace
        }
        let waiting = plan.entries.filter { $0.state != .cached }
        var summary = "\(plan.entries.count) stages: \(plan.entries.count - waiting.count) cached, \(waiting.count) to run"
        let predicted = waiting.compactMap(\.seconds).reduce(0, +)
        if predicted > 0 { summary += ", about \(Duration.text(predicted)) by earlier runs" }
        lines.append(summary)
        return lines.joined(separator: "\n")
    }
}
