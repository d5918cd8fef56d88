import BuildModel
import Engine
import Foundation
import Store

extension ExportFolder {
    /// Writes a model as one GGUF file, by way of its folder in a temporary place.
    ///
    /// - Returns: the file's bytes.
    mutating func addGGUF(
        of artifact: Artifact, _ precision: GGUFPrecision, name: String?, from store: Store
    ) throws -> Int {
        let temporary = FileManager.default.temporaryDirectory.appending(
            path: "decant-gguf-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: temporary) }
        try store.materialize(artifact, at: temporary)
        return try add("model.gguf") { file in
            do {
                try ModelFolder(temporary).writeGGUF(to: file, precision, name: name ?? "model")
            } catch let error as ModelFileError {
                throw CommandFailure.badInput("the model cannot be written as GGUF: \(error)")
            }
        }
    }
}
