/// Why a file of a model folder cannot be used: which file, what is wrong with it, what to do.
public struct ModelFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file's name as the user knows it: `model.safetensors`.
    public var file: String
    public var reason: String

    public init(file: String, reason: String) {
        self.file = file
        self.reason = reason
    }

    public var description: String { "\(file): \(reason)" }
}
