import CanonicalJSON
import Foundation

/// Which shard holds which tensor, as `weight_map` of `model.safetensors.index.json` says.
struct WeightMap {
    /// Shards by name.
    let files: [String]
    /// Places in `files`.
    let places: [String: Int]

    init(reading url: URL) throws(ModelFileError) {
        let name = url.lastPathComponent
        guard let content = FileManager.default.contents(atPath: url.path) else {
            throw ModelFileError(file: name, reason: "the file cannot be read")
        }
        try self.init(parsing: content)
    }

    init(parsing content: Data) throws(ModelFileError) {
        func refused(_ reason: String) -> ModelFileError { ModelFileError(file: WeightFiles.index, reason: reason) }
        let json: JSON
        do {
            json = try JSON(parsing: content, maximumDepth: 8)
        } catch {
            throw refused("the file is not JSON: \(error)")
        }
        guard let map = json["weight_map"]?.object, !map.isEmpty else {
            throw refused("it has no weight_map from tensors to files")
        }
        var names: [String: String] = [:]
        for (tensor, value) in map.sorted(by: { $0.key < $1.key }) {
            guard let file = value.string else { throw refused("the file of '\(tensor)' is not a name") }
            guard Self.isPlainName(file) else {
                throw refused("the file of '\(tensor)', '\(file)', is not the plain name of a .safetensors file of this folder")
            }
            names[tensor] = file
        }
        let files = Set(names.values).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: files.enumerated().map { ($0.element, $0.offset) })
        self.files = files
        places = names.mapValues { numbers[$0] ?? 0 }
    }

    /// Whether a file of this name can only lie in the folder itself.
    private static func isPlainName(_ name: String) -> Bool {
        name.hasSuffix(".safetensors") && !name.hasPrefix(".") && name.utf8.count <= 255
            && !name.unicodeScalars.contains { $0 == "/" || $0 == "\\" || $0.value < 0x20 }
    }

    /// The map and the shards, given in the order of `files`, must tell of the same tensors.
    func check(_ shards: [SafeTensors]) throws(ModelFileError) {
        for (tensor, place) in places.sorted(by: { $0.key < $1.key }) where !shards[place].contains(tensor) {
            throw ModelFileError(
                file: WeightFiles.index, reason: "it says that '\(tensor)' is in \(files[place]), where it is not")
        }
        for (place, shard) in shards.enumerated() {
            for tensor in shard.names where places[tensor] != place {
                throw ModelFileError(
                    file: shard.file, reason: "it holds '\(tensor)', which \(WeightFiles.index) does not expect")
            }
        }
    }
}
