import Diagnostics
import Foundation
import RecipeLanguage
import TestSupport
import Testing

@Suite struct SmartHomeRecipeTests {
    @Test func recipeIsRightAndPlansSixVariants() throws {
        let text = try Data(contentsOf: Checkout.file("recipes/smart-home.yaml"))
        let reading = RecipeReader.read(SourceText(path: "recipes/smart-home.yaml", bytes: text))
        #expect(reading.diagnostics.isEmpty, "\(DiagnosticRenderer.render(reading.diagnostics))")
        #expect(reading.recipe?.variants.count == 6)
    }
}
