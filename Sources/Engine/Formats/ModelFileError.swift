/// Why a file of a model folder cannot be used: which file, what is wrong with it, what to do.
package struct ModelFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file's name as the user knows it: `model.safetensors`.
    package var file: String
    package var reason: String

    package init(file: String, reason: String) {
        self.file = file
        self.reason = reason
    }

    package var description: String { "\(file): \(reason)" }
}
