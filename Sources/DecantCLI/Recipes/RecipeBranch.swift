import BuildModel
import Foundation
import RecipeLanguage
import Store

/// Two recipe files do not share a branch by accident.
extension RecipeFile {
    var absolutePath: String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }

    /// Whether the file itself says what the recipe is called.
    private var namesItself: Bool { recipe.name.isWritten && recipe.name.span.source.path == recipe.text.path }

    /// Refuses a recipe whose branch has the builds of another file that is still there, unless the recipe names itself so.
    func refuseBranchOfAnother(in store: Store) throws {
        if try store.tag(name) != nil {
            throw CommandFailure.badInput(
                "\(path): '\(name)' is a tag of this store, and git could not tell it from the recipe's branch; give the recipe "
                    + "another 'name:', or delete the tag", hint: "tag --delete \(name)")
        }
        guard !namesItself, let other = try store.file(ofRecipe: name), FileName(other) != FileName(absolutePath),
            let content = FileManager.default.contents(atPath: other), !content.elementsEqual(text.utf8)
        else { return }
        throw CommandFailure.badInput(
            "\(path) has no name of its own, and the branch '\(name)' of this store has the builds of \(other); add "
                + "'name: \(name)-2' or another name to \(path)")
    }
}
