import Kinds
import RecipeLanguage
import Testing

@testable import Engine

/// A recipe's checks count parameters before there is a model. They must agree with the model that is drawn.
@Suite struct ModelSizeTests {
    @Test(arguments: [(64, 2, 4, 2, 128, true), (96, 3, 6, 3, 160, false), (896, 24, 14, 2, 4864, true)])
    func aRecipeCountsTheParametersOfTheModelThatIsDrawn(
        hidden: Int, layers: Int, heads: Int, kvHeads: Int, intermediate: Int, tied: Bool
    ) throws {
        var shape = ModelShape.standard
        (shape.hidden, shape.layers, shape.heads, shape.kvHeads) = (hidden, layers, heads, kvHeads)
        (shape.intermediate, shape.tied) = (intermediate, tied)
        let configuration = try ModelConfiguration(
            vocabularySize: 1000, hiddenSize: hidden, layerCount: layers, headCount: heads, keyValueHeadCount: kvHeads,
            intermediateSize: intermediate, tiesEmbeddings: tied)
        #expect(ModelSize(shape, vocabulary: 1000).total == DecoderLayout(configuration).count)
    }
}
