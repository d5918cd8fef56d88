import Engine
import Kinds

extension AdapterMerge: RunnableStage {
    package func run(in context: StageContext) throws {
        let model = try context.modelFolder("model").model()
        let adapters = try AdapterFolder(context.input("adapters")).adapters(for: model)
        try context.write(adapters.merged(into: model, workers: context.workers), tokenizerFrom: "model")
    }
}
