import BuildModel
import Engine
import Foundation
import Programs
import Store
import Trust

/// The directory that an artifact is copied to, with texts about it. It gets its name when it is whole: where something fails, no
/// half of it stays.
struct ExportFolder {
    private let destination: URL
    /// Beside the destination, on the same disk.
    private let url: URL
    /// Paths of the artifact's own files with their digests, then those of the texts.
    private(set) var files: [(path: String, digest: Digest)] = []

    /// - Throws: where something is there already.
    init(_ path: String) throws {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw CommandFailure.badInput("\(path) exists already; name a new directory")
        }
        destination = URL(fileURLWithPath: path, isDirectory: true).standardizedFileURL
        url = destination.deletingLastPathComponent().appending(
            path: ".\(destination.lastPathComponent).\(UUID().uuidString.prefix(8))", directoryHint: .isDirectory)
    }

    /// Fills a new directory and gives it its name.
    static func make<Result>(_ path: String, _ fill: (inout ExportFolder) throws -> Result) throws -> Result {
        var folder = try ExportFolder(path)
        do {
            let result = try fill(&folder)
            try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
            guard rename(folder.url.path, folder.destination.path) == 0 else {
                throw StoreError.cannotWrite(path: folder.destination.path, reason: StoreError.systemReason)
            }
            return result
        } catch {
            try? FileManager.default.removeItem(at: folder.url)
            throw folder.failure(error)
        }
    }

    /// A failure to write there, told of the directory that the person named.
    private func failure(_ error: any Error) -> any Error {
        let reason: String
        switch error {
        case StoreError.cannotWrite(let path, let found) where path.hasPrefix(url.path) || path == destination.path:
            reason = found
        case let error as CocoaError where error.filePath?.hasPrefix(url.path) ?? true:
            reason = ErrorText.reason(of: error)
        default: return error
        }
        return CommandFailure(
            status: ExitStatus.internalError,
            message: "\(destination.path) cannot be written: \(reason); nothing of the export is left", hint: nil)
    }

    /// Copies every file of an artifact, verified.
    mutating func add(_ artifact: Artifact, from store: Store) throws {
        for file in artifact.files {
            let destination = url.appending(path: file.path)
            let parent = destination.deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            try store.copyObject(file.digest, to: destination)
            files.append((file.path, file.digest))
        }
    }

    /// Has `write` make a file.
    ///
    /// - Returns: its bytes.
    mutating func add(_ name: String, _ write: (URL) throws -> Void) throws -> Int {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try write(file)
        let content = try Data(contentsOf: file, options: .mappedIfSafe)
        files.append((name, Digest(hashing: content)))
        return content.count
    }

    /// Writes a text of Decant's own, under a name that the artifact leaves free.
    ///
    /// - Returns: the name.
    @discardableResult
    mutating func add(_ text: String, as name: String) throws -> String {
        let free = freeName(for: name)
        try Data(text.utf8).write(to: url.appending(path: free))
        files.append((free, Digest(hashing: text)))
        return free
    }

    /// Signs all files that are there now; what is added later makes the signature bad.
    ///
    /// - Returns: the signature's name.
    mutating func addSignature(by key: StatementKey) throws -> String {
        let name = freeName(for: ModelSignature.fileName)
        let statement = ModelSignature.statement(
            of: destination.lastPathComponent, files: files, signature: name)
        return try add(SignedStatement(statement.canonicalText, by: key).bundle.canonicalText, as: name)
    }

    /// `README.md`, or where the artifact has such a file `README.decant.md`, `README.decant-2.md`, and so on.
    private func freeName(for name: String) -> String {
        // On file systems that ignore case, the two would be one file.
        let taken = Set(files.map { FileNames.folded($0.path) })
        guard taken.contains(FileNames.folded(name)) else { return name }
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        var number = 1
        while true {
            let candidate = "\(name[..<dot]).decant\(number > 1 ? "-\(number)" : "")\(name[dot...])"
            if !taken.contains(FileNames.folded(candidate)) { return candidate }
            number += 1
        }
    }
}

extension ExportFolder {
    /// Writes a model as one GGUF file, through a temporary copy of its folder.
    ///
    /// - Returns: the file's bytes, and what llama.cpp will do otherwise.
    mutating func addGGUF(
        of artifact: Artifact, _ precision: GGUFPrecision, name: String?, from store: Store
    ) throws -> (bytes: Int, differences: [String]) {
        let temporary = FileManager.default.temporaryDirectory.appending(
            path: "decant-gguf-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: temporary) }
        try store.materialize(artifact, at: temporary)
        var differences: [String] = []
        let bytes = try add(ModelFolder.ggufFile) { file in
            do {
                differences = try ModelFolder(temporary).writeGGUF(
                    to: file, precision, name: name ?? "model", workers: WorkerPool(threads: Machine.current.processors))
            } catch let error as ModelFileError {
                throw CommandFailure.badInput("the model cannot be written as GGUF: \(error)")
            }
        }
        return (bytes, differences)
    }

    /// Copies the GGUF file of a model that is quantized for llama.cpp, verified.
    ///
    /// - Returns: the file's bytes.
    mutating func addStoredGGUF(of artifact: Artifact, from store: Store) throws -> Int {
        let own = Artifact(files: artifact.files.filter { $0.path == ModelFolder.ggufFile })
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try add(own, from: store)
        return own.size
    }
}
