import Engine
import RecipeLanguage
import Testing

@Suite struct AdapterTargetTests {
    /// The language and the engine know nothing of each other; what a recipe may name is what can be adapted, in one order.
    @Test func theLanguageNamesEveryMatrixOfTheEngine() {
        #expect(LowRank.Target.allCases.map(\.rawValue) == LowRankAdaptation.Target.allCases.map(\.rawValue))
    }
}
