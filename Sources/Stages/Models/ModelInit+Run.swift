import Engine
import Kinds

extension ModelInit: RunnableStage {
    package func run(in context: StageContext) throws {
        let tokenizer = try context.modelFolder("tokenizer").tokenizer()
        let configuration = try ModelConfiguration(
            vocabularySize: tokenizer.vocabularySize, hiddenSize: shape.hidden, layerCount: shape.layers,
            headCount: shape.heads, keyValueHeadCount: shape.kvHeads, intermediateSize: shape.intermediate,
            tiesEmbeddings: shape.tied)
        let model = Model(initializing: configuration, seed: UInt64(bitPattern: Int64(seed)))
        try context.write(model, tokenizerFrom: "tokenizer")
    }
}
