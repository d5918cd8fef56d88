import ArgumentParser
import Kinds
import RecipeLanguage

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the recipe language as a JSON Schema (2020-12), for editors, or as tables.")

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case json
        case markdown
        case kinds
    }

    @Option(
        help: "json (the schema), markdown (the tables of docs/recipe-language.md) or kinds (those of docs/stage-kinds.md).")
    var format = Format.json

    func run() throws {
        switch format {
        case .json: Console.output(RecipeSchema.json.prettyText)
        case .markdown: Console.output(RecipeDocumentation.markdown)
        case .kinds: Console.output(KindCatalogue.standard.markdown)
        }
    }
}
