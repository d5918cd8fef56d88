import Declarations

/// The tables of docs/recipe-language.md, made from the definitions that the readers use.
package enum RecipeDocumentation {
    package static var markdown: String {
        Tables.markdown(
            of: [RecipeReader.definition] + TransferReader.definitions.values.sorted { $0.title < $1.title })
    }
}
