import ArgumentParser
import CanonicalJSON
import Engine
import Foundation
import Store
import Trust

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Copy an artifact out of the store; a model comes with its recipe and a model card.",
        discussion: "With --format gguf, a model becomes one file for llama.cpp and similar programs: model.gguf.")

    @Argument(help: "A stage or target of a recipe's last build (BUILD:NAME for another build), a tag, or a commit.")
    var target: String

    @Argument(help: "The directory to make.", completion: .directory)
    var directory: String

    @Flag(help: "Also write provenance.intoto.json: every source and stage that the artifact was made from (SLSA 1.0).")
    var provenance = false

    @Option(
        help: ArgumentHelp(
            "Sign every file with this private key (PEM, an elliptic curve): OpenSSF Model Signing writes model.sig.",
            valueName: "key"),
        completion: .file())
    var sign: String?

    @Option(help: "The format of a model: the folder as it is (huggingface), or a GGUF file (gguf).")
    var format = ExportFormat.huggingface

    @Option(
        help: ArgumentHelp(
            "How a GGUF file stores matrices: f32, f16, q8_0, q4_0, Q4_K_M, Q5_K_M or Q6_K. "
                + "Without it as the model's own GGUF file does, else f16."))
    var type: GGUFPrecision?

    @OptionGroup var storeOptions: StoreOptions

    func validate() throws {
        if type != nil && format != .gguf { throw ValidationError("--type is of GGUF files; add --format gguf.") }
    }

    func run() throws {
        let store = try storeOptions.openExisting()
        let target = try StoredTarget(target, in: store)
        let artifact = target.record.artifact
        let isModel = artifact.isModel
        if format == .gguf && !isModel {
            throw CommandFailure.badInput("'\(self.target)' is no model, so there is no GGUF file of it; leave --format out")
        }
        let key = try sign.map { try Self.readKey($0) }
        let history = isModel || provenance ? try ArtifactHistory(of: target, in: store) : nil
        let (exported, written) = try ExportFolder.make(directory) { folder in
            let exported: (files: Int, bytes: Int)
            switch format {
            case .huggingface:
                try folder.add(artifact, from: store)
                exported = (artifact.files.count, artifact.size)
            case .gguf where artifact.isGGUF && type == nil:
                exported = (1, try folder.addStoredGGUF(of: artifact, from: store))
            case .gguf:
                let (bytes, differences) = try folder.addGGUF(
                    of: artifact, type ?? .f16, name: history?.build?.recipe, from: store)
                exported = (1, bytes)
                for difference in differences { Console.progress("model.gguf: \(difference)") }
            }
            var written: [String] = []
            if isModel, let history { written += try addTexts(history, to: &folder) }
            if provenance, let history {
                let statement = try Provenance(of: history, subjects: folder.files, in: store).statement.prettyText
                written.append(try folder.add(statement, as: "provenance.intoto.json"))
                if let key {
                    let envelope = try SignedStatement(statement, by: key).envelope
                    written.append(try folder.add(envelope.prettyText, as: "provenance.intoto.dsse.json"))
                }
            }
            if let key { written.append(try folder.addSignature(by: key)) }
            return (exported, written)
        }
        let more = written.isEmpty ? "" : ", and " + written.joined(separator: ", ")
        let files = exported.files == 1 ? "1 file" : "\(exported.files) files"
        Console.output("\(files), \(ByteCount.text(exported.bytes)), in \(directory)\(more)")
        if isModel, history?.build == nil {
            Console.progress("no build has this artifact among its stages, so its recipe is not known")
        }
    }

    private static func readKey(_ path: String) throws -> StatementKey {
        guard let pem = FileManager.default.contents(atPath: path) else {
            throw CommandFailure.badInput(
                "there is no key \(path); make one with openssl ecparam -name prime256v1 -genkey -noout -out \(path)")
        }
        do {
            return try StatementKey(pem: [UInt8](pem))
        } catch {
            throw CommandFailure.badInput("\(path) cannot sign an export: \(error)")
        }
    }

    /// The recipe with what belongs to it, and the model card.
    private func addTexts(_ history: ArtifactHistory, to folder: inout ExportFolder) throws -> [String] {
        var written: [String] = []
        if let texts = history.texts {
            written.append(try folder.add(texts.recipe, as: "recipe.yaml"))
            for (name, text) in texts.companions.sorted(by: { $0.key < $1.key }) {
                written.append(try folder.add(text, as: name))
            }
        }
        written.append(try folder.add(ModelCard(history).text, as: "README.md"))
        return written
    }
}

enum ExportFormat: String, CaseIterable, ExpressibleByArgument {
    case huggingface
    case gguf
}

extension GGUFPrecision: ExpressibleByArgument {
    /// In any case, as llama.cpp's programs take it.
    package init?(argument: String) {
        guard let type = Self.allCases.first(where: { $0.rawValue.lowercased() == argument.lowercased() }) else { return nil }
        self = type
    }
}
