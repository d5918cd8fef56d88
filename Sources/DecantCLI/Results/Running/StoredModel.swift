import Engine
import Foundation
import Stages
import Store
import Words

/// A model of the store, and what its lineage says about how it is asked. `load` reads its weights.
struct StoredModel {
    let target: StoredTarget
    let history: ModelHistory
    let task: any AnswerTask

    /// - Parameter given: the functions that a person names; else the lineage's are taken.
    init(_ target: StoredTarget, in store: Store, functions given: [String: FunctionDefinition]? = nil) throws {
        self.target = target
        history = ModelHistory(try store.lineage(of: target.record), of: target.record.commit)
        let description = try history.task(in: store)
        guard given == nil || description.kind == .calls else {
            throw CommandFailure.badInput(
                "this model's task is '\(description.kind.rawValue)', which calls no functions: leave --functions out")
        }
        task = try description.task(functions: try given ?? history.functions(in: store))
    }

    var answerStyle: AnswerStyle { history.answerStyle }

    /// How probable no call must be so that none is made; `nil` where the most probable answer decides.
    func callThreshold(in store: Store) throws -> Double? {
        guard answerStyle == .call, task.kind == .calls else { return nil }
        return try history.callThreshold(of: target, in: store)
    }

    /// How the model is asked. What prompts show is said by its folder or its training, or else by whether there are functions.
    struct Conventions {
        var usual: AnswerConvention
        /// For questions that bring functions where prompts would show none; `nil` where that is settled otherwise.
        var withFunctions: AnswerConvention?
    }

    /// The weights and the prompts, each byte verified.
    func load(from store: Store) throws -> (model: InferenceModel, conventions: Conventions) {
        let directory = URL.temporaryDirectory.appending(path: "decant-run-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: directory) }
        try store.materialize(target.record.artifact, at: directory)
        let folder = ModelFolder(directory)
        let settled = try folder.promptFormat() ?? history.prompt
        let usual = try convention(settled ?? (task.functions.isEmpty ? .query : .tools), of: folder)
        var conventions = Conventions(usual: usual)
        if settled == nil, usual.style == .query, task.kind == .calls {
            conventions.withFunctions = try? convention(.tools, of: folder)
        }
        var model = try folder.inferenceModel()
        model.products = products
        return (model, conventions)
    }

    /// Those that the model was evaluated with, where this machine has them: its answers then have the same bits.
    private var products: ProductPrecision { (try? ProductPrecision(history.numerics)) ?? .float32 }

    private func convention(_ style: PromptStyle, of folder: ModelFolder) throws -> AnswerConvention {
        let prompts = try folder.prompts(
            task.markup(of: style), callsNatively: task.kind == .calls, reasons: answerStyle == .reasoning)
        return AnswerConvention(task, style: style, answerStyle: answerStyle, prompts: prompts)
    }
}
