import BuildModel
import Kinds
import RecipeLanguage

/// What is known of a model from elsewhere before it is imported: its files are at hand.
package struct KnownModel: Hashable, Sendable {
    package let work: ModelWork
    /// Columns of its linear layers, each once, rising: what a group of a quantization must divide.
    package let columns: [Int]

    package init(work: ModelWork, columns: [Int]) { (self.work, self.columns) = (work, columns) }
}

extension Source {
    /// The files that the recipe or its lock pins, by their paths in the source; none where nothing does.
    package func pinnedFiles(_ lock: SourceLock?) -> [FixedOutput.File] {
        switch SourcePins(self, lock) {
        case .success(let files): files
        case .failure: []
        }
    }
}
