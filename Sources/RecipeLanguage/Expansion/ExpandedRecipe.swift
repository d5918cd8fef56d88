import Declarations
import Diagnostics
import SpannedYAML

/// A recipe's fields before its sections are read: the matrix's values and the variables go into place here.
struct ExpandedRecipe {
    private let recipe: Fields
    let matrix: Matrix
    private let variables: Variables

    init(_ recipe: Fields) {
        self.recipe = recipe
        variables = Variables(recipe)
        let written = Matrix(reading: recipe)
        matrix =
            written.axes.contains { $0.section == Variables.field.name }
            ? written : written.substituting(variables, recipe.findings)
    }

    private init(_ recipe: Fields, _ matrix: Matrix, _ variables: Variables) {
        self.recipe = recipe
        self.matrix = matrix
        self.variables = variables
    }

    /// The recipe as it stands, where the matrix replaces nothing.
    var withoutMatrix: ExpandedRecipe { ExpandedRecipe(recipe, Matrix(axes: []), variables) }

    var firstCombination: [Int] { matrix.axes.map { _ in 0 } }

    /// The axes that decide what a section holds: its own, and those of variables, which any section may use.
    func axes(of section: String) -> [Int] {
        matrix.axes.indices.filter { matrix.axes[$0].section == section || matrix.axes[$0].section == Variables.field.name }
    }

    /// The top level of the recipe with nothing but one section in it, as a combination of the matrix has it.
    func fields(for section: String, _ combination: [Int], _ findings: Findings) -> Fields {
        let varied = matrix.apply(combination, to: recipe.entries.filter { $0.name == section }, section: section)
        let variables = variables.replaced(by: matrix, combination)
        let entries = varied.map { Node.Entry(key: $0.key, value: variables.substitute(in: $0.value, findings)) }
        return Fields(
            RecipeReader.definition, path: "", owner: "the recipe", anchor: recipe.anchor, entries: entries, findings: findings)
    }
}
