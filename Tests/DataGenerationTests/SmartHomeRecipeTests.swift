import Diagnostics
import Foundation
import RecipeLanguage
import Testing

@Suite struct SmartHomeRecipeTests {
    @Test func recipeIsRightAndPlansSixVariants() throws {
        let text = try Data(contentsOf: packageRoot.appending(path: "recipes/smart-home.yaml"))
        let reading = RecipeReader.read(SourceText(path: "recipes/smart-home.yaml", bytes: text))
        #expect(reading.diagnostics.isEmpty, "\(DiagnosticRenderer.render(reading.diagnostics))")
        #expect(reading.recipe?.variants.count == 6)
    }
}
