import ArgumentParser
import BuildModel
import CanonicalJSON
import Executor
import Stages
import Store

struct PeekCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peek",
        abstract: "Look at a stage that is not finished: how far it is, its loss, and what its last checkpoint answers.")

    @OptionGroup var recipe: RecipeArgument

    @Argument(help: "A stage or target of the recipe.")
    var stage: String

    @Option(help: "Rows that the last checkpoint of a training answers; 0 asks it nothing.")
    var answers = 3

    @OptionGroup var options: ResultOptions

    func validate() throws {
        guard (0...1000).contains(answers) else { throw ValidationError("--answers must be between 0 and 1000") }
    }

    func run() throws {
        let store = try options.openExisting()
        let plan = try recipe.read().plan(in: store)
        let id = try plan.graph.find(stage, of: recipe.path)
        let peek = try StagePeek(workspace(of: id, in: plan, store), of: plan.graph[id], answering: answers)
        options.print(peek.json, peek.text)
    }

    /// Where the stage's unfinished work lies.
    private func workspace(
        of id: StageID, in plan: BuildPlan, _ store: Store
    ) throws -> (workspace: StageWorkspace, isRunning: Bool) {
        let (name, entry) = (plan.graph[id].name, plan.entries[id.index])
        guard entry.state != .cached else {
            throw CommandFailure.badInput("\(name) is finished: its result can be shown", hint: "show \(ShellWord(name))")
        }
        guard let key = entry.key else {
            let missing = plan.graph[id].inputs.filter { plan.entries[$0.stage.index].state != .cached }
            throw CommandFailure.badInput(
                "\(name) has not begun: it waits for \(missing.map { plan.graph[$0.stage].name }.joined(separator: ", "))",
                hint: "build \(ShellWord(recipe.path))")
        }
        guard let work = store.unfinishedWork(on: key) else {
            throw CommandFailure.badInput(
                "\(name) has not begun, as the recipe and its sources are now", hint: "build \(ShellWord(recipe.path))")
        }
        return (StageWorkspace(directory: work.directory), work.isRunning)
    }
}
