import ArgumentParser
import Store

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Copy an artifact out of the store; a model comes with its recipe and a model card.")

    @Argument(help: "A stage or target of a recipe's last build (BUILD:NAME for another build), a tag, or a commit.")
    var target: String

    @Argument(help: "The directory to make.", completion: .directory)
    var directory: String

    @Flag(help: "Also write provenance.intoto.json: every source and stage that the artifact was made from (SLSA 1.0).")
    var provenance = false

    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let store = try storeOptions.open()
        let target = try StoredTarget(target, in: store)
        let artifact = target.record.artifact
        let isModel = artifact["model.safetensors"] != nil
        var folder = try ExportFolder(directory)
        let history = isModel || provenance ? try ArtifactHistory(of: target, in: store) : nil
        try folder.add(artifact, from: store)
        var written: [String] = []
        if isModel, let history { written += try addTexts(history, to: &folder) }
        if provenance, let history {
            let statement = try Provenance(of: history, subjects: folder.files, in: store).statement
            written.append(try folder.add(statement.prettyText, as: "provenance.intoto.json"))
        }
        let more = written.isEmpty ? "" : ", and " + written.joined(separator: ", ")
        Console.output("\(artifact.files.count) files, \(ByteCount.text(artifact.size)), in \(directory)\(more)")
        if isModel, history?.build == nil {
            Console.progress("no build has this artifact among its stages, so its recipe is not known")
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
