import Engine
import Foundation
import Kinds

extension ModelImport: RunnableStage {
    package func run(in context: StageContext) throws {
        let output = ModelFolder(context.output(""))
        switch try PublishedModel(in: context.input("source")) {
        case .folder(let url): try output.importModel(from: ModelFolder(url))
        case .gguf(let url): try output.importModel(from: GGUFFile(reading: url))
        }
    }
}

/// The one model among the files of a source.
private enum PublishedModel {
    case folder(URL)
    case gguf(URL)

    init(in source: URL) throws {
        let files = try FileManager.default.subpathsOfDirectory(atPath: source.path).sorted()
        func folder(of path: String) -> String { (path as NSString).deletingLastPathComponent }
        let withWeights = Set(files.filter { $0.hasSuffix(".safetensors") }.map(folder))
        let folders = files.filter { $0.hasSuffix("config.json") && ($0 as NSString).lastPathComponent == "config.json" }
            .map(folder).filter(withWeights.contains)
        let single = files.filter { $0.lowercased().hasSuffix(".gguf") }
        switch (folders.count, single.count) {
        case (1, 0): self = .folder(source.appending(path: folders[0], directoryHint: .isDirectory))
        case (0, 1): self = .gguf(source.appending(path: single[0]))
        case (0, 0):
            throw StageFailure(
                "the source has neither a config.json with .safetensors files beside it nor a .gguf file, but "
                    + Self.list(files) + "; name the model's files as its members")
        default:
            throw StageFailure(
                "the source has more than one model: " + Self.list(folders.map { $0 + "/config.json" } + single)
                    + "; name the files of one of them as its members")
        }
    }

    private static func list(_ files: [String]) -> String {
        files.prefix(8).joined(separator: ", ") + (files.count > 8 ? " and \(files.count - 8) more" : "")
    }
}
