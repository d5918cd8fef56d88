import BuildModel
import Files
import Foundation
import Planner

/// The files of a folder that a recipe names as a source: a model, a sentence encoder or adapters.
enum SourceFolderFiles {
    /// More are no model.
    private static let most = 10_000

    /// - Parameter digest: hashes a file.
    /// - Returns: the files under their paths; `nil` where nothing says that the folder holds a model. Names that begin with a
    ///   point are left out: they are what programs leave.
    static func snapshot(of folder: String, digest: (String) throws -> Digest) throws -> SourceSnapshot? {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { path in
            !path.split(separator: "/").contains { $0.hasPrefix(".") }
        }.sorted()
        guard paths.contains(where: isOfAModel) else { return nil }
        guard paths.count <= most else {
            throw CommandFailure.badInput("the folder \(folder) has more than \(most) files, which no model has")
        }
        var files: [FixedOutput.File] = []
        for path in paths {
            let place = "\(folder)/\(path)"
            if let problem = RegularFile.problem(at: place) {
                if problem.kind == .folder { continue }
                throw CommandFailure.badInput("the folder \(folder) cannot be a source: \(problem)")
            }
            files.append(FixedOutput.File(path: path, digest: try digest(place)))
        }
        if let fault = FileNames.fault(in: files.map(\.path)) {
            throw CommandFailure.badInput("the folder \(folder) cannot be a source: \(fault)")
        }
        return SourceSnapshot(folder: folder, files: files)
    }

    private static func isOfAModel(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        return name == "config.json" || name == "adapter_config.json" || name.hasSuffix(".safetensors")
            || name.lowercased().hasSuffix(".gguf")
    }
}
