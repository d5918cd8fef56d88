import Archives
import Engine
import Foundation

/// The files of something that was published: a model, an encoder, adapters.
struct PublishedFiles {
    let folder: URL
    /// Below the folder, folders among them.
    private let paths: [String]

    fileprivate init(in folder: URL) throws {
        self.folder = folder
        paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    }

    enum Model {
        case folder(URL)
        case gguf(URL)
    }

    /// The one model.
    func model() throws(StageFailure) -> Model {
        let (folders, single) = (modelFolders, GGUFParts.models(among: paths))
        switch (folders.count, single.count) {
        case (1, 0): return .folder(subfolder(folders[0]))
        case (0, 1): return .gguf(folder.appending(path: single[0]))
        case (0, 0):
            throw StageFailure(
                "the source has neither a config.json with .safetensors files beside it nor a .gguf file, but "
                    + Self.list(paths) + "; name the model's files as its members")
        default:
            throw StageFailure(
                "the source has more than one model: " + Self.list(folders.map { $0 + "/config.json" } + single)
                    + "; name the files of one of them as its members")
        }
    }

    /// The one folder of an encoder.
    func encoder() throws(StageFailure) -> URL {
        guard modelFolders.count == 1 else {
            let count = modelFolders.isEmpty ? "no config.json with .safetensors files beside it" : "more than one model"
            throw StageFailure(
                "the encoder's source has \(count), but \(Self.list(paths)); name the model's files as its members")
        }
        return subfolder(modelFolders[0])
    }

    /// The one folder of adapters.
    func adapters() throws(StageFailure) -> URL {
        let folders = folders(with: AdapterFolder.configurationFile)
        guard folders.count == 1 else {
            let count = folders.isEmpty ? "no" : "more than one"
            throw StageFailure(
                "the source of the adapters has \(count) \(AdapterFolder.configurationFile), but \(Self.list(paths)); name the files "
                    + "of one of them as its members")
        }
        return subfolder(folders[0])
    }

    /// Those that have weights beside their `config.json`.
    private var modelFolders: [String] {
        let withWeights = Set(paths.filter { $0.hasSuffix(".safetensors") }.map(Self.folder))
        return folders(with: ModelFolder.configurationFile).filter(withWeights.contains)
    }

    private func folders(with name: String) -> [String] {
        paths.filter { ($0 as NSString).lastPathComponent == name }.map(Self.folder)
    }

    private func subfolder(_ path: String) -> URL {
        path.isEmpty ? folder : folder.appending(path: path, directoryHint: .isDirectory)
    }

    private static func folder(of path: String) -> String { (path as NSString).deletingLastPathComponent }

    private static func list(_ files: [String]) -> String {
        files.prefix(8).joined(separator: ", ") + (files.count > 8 ? " and \(files.count - 8) more" : "")
    }
}

extension StageContext {
    /// Calls `body` with the files of an input. An archive that is its one file is unpacked for as long.
    func withPublishedFiles<Result>(of input: String, _ body: (PublishedFiles) throws -> Result) throws -> Result {
        let source = self.input(input)
        let packed = try FileManager.default.contentsOfDirectory(atPath: source.path)
        guard packed.count == 1, Self.isArchive(packed[0]) else { return try body(PublishedFiles(in: source)) }
        let folder = URL.temporaryDirectory.appending(path: "published-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        _ = try Archive(source.appending(path: packed[0])).extract(into: folder) { path in
            !path.split(separator: "/").contains { $0.hasPrefix(".") }
        }
        return try body(PublishedFiles(in: folder))
    }

    private static func isArchive(_ name: String) -> Bool {
        [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".zip"].contains { name.lowercased().hasSuffix($0) }
    }
}
