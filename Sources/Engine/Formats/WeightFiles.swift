import CanonicalJSON
import Foundation

/// A model's tensors as a folder holds them: in `model.safetensors`, or in the shards that its index lists.
///
/// Files are mapped; tensors are read on demand.
package struct WeightFiles: Sendable {
    package static let single = "model.safetensors"
    static let index = "model.safetensors.index.json"

    private let files: [SafeTensors]
    /// The place in `files` of the file that holds a tensor.
    private let places: [String: Int]

    package init(folder: URL) throws(ModelFileError) {
        let index = folder.appending(path: Self.index)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        guard names.contains(Self.index) else {
            if !names.contains(Self.single), let shard = names.sorted().first(where: { $0.hasSuffix(".safetensors") }) {
                throw ModelFileError(
                    file: Self.index,
                    reason: "the file is missing, which says what is in \(shard); there is no \(Self.single) either")
            }
            self.init(try SafeTensors(reading: folder.appending(path: Self.single)))
            return
        }
        let map = try WeightMap(reading: index)
        guard !names.contains(Self.single) || map.files.contains(Self.single) else {
            throw ModelFileError(
                file: Self.single,
                reason: "it lies beside \(Self.index), which names other files; remove those that are not the model")
        }
        let files = try map.files.map { name throws(ModelFileError) in
            try SafeTensors(reading: folder.appending(path: name))
        }
        try map.check(files)
        self.init(files, places: map.places)
    }

    /// Of one file.
    init(_ file: SafeTensors) {
        self.init([file], places: file.entries.mapValues { _ in 0 })
    }

    private init(_ files: [SafeTensors], places: [String: Int]) { (self.files, self.places) = (files, places) }

    package var names: [String] { places.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    package var count: Int { places.count }

    /// Of all tensors, as they are stored.
    var byteCount: Int { files.reduce(0) { $0 + $1.entries.values.reduce(0) { $0 + $1.range.count } } }

    package func contains(_ name: String) -> Bool { places[name] != nil }

    /// Every tensor by name. Bytes are read on demand.
    package func tensors() throws(ModelFileError) -> [String: StoredTensor] {
        var tensors: [String: StoredTensor] = [:]
        for name in names { tensors[name] = try file(of: name).tensor(name) }
        return tensors
    }

    /// The file that holds a tensor. If none does, any file: its error says that the tensor is missing.
    func file(of name: String) -> SafeTensors { files[places[name] ?? 0] }
}

extension WeightFiles {
    /// A model whose weights are read tensor by tensor into their place; `packed` ones are left zero.
    func model(_ configuration: ModelConfiguration, packed: Set<String> = []) throws(ModelFileError) -> Model {
        try configuration.check(tensors: count, weights: byteCount * (packed.isEmpty ? 1 : 2))
        try checkParameters(of: configuration, packed: packed)
        var model = Model(zeros: configuration)
        for parameter in model.parameters where !packed.contains(parameter.name) {
            try model.fill(parameter) { memory throws(ModelFileError) in
                try file(of: parameter.name).copyFloats(parameter.name, into: memory)
            }
        }
        return model
    }

    /// Every parameter must be there in its shape, and no other tensor.
    private func checkParameters(of configuration: ModelConfiguration, packed: Set<String>) throws(ModelFileError) {
        var known: Set<String> = []
        for parameter in DecoderLayout(configuration).parameters {
            known.insert(parameter.name)
            if packed.contains(parameter.name) { continue }
            let file = file(of: parameter.name)
            try file.check(parameter.name, shape: parameter.shape)
            try file.checkThatItHoldsFloats(parameter.name)
        }
        let suffixes = packed.isEmpty ? [] : [".weight_packed", ".weight_scale", ".weight_shape"]
        for name in names where !known.contains(name) && !Self.isSuperfluous(name, configuration) {
            let module = suffixes.first(where: name.hasSuffix).map { name.dropLast($0.count) }
            if let module, packed.contains(module + ".weight") { continue }
            throw ModelFileError(
                file: file(of: name).file,
                reason: "it holds the tensor '\(name)', which no \(configuration.family.name) model of this config.json has")
        }
    }

    /// Tensors that some versions of `transformers` write and none reads.
    private static func isSuperfluous(_ name: String, _ configuration: ModelConfiguration) -> Bool {
        name.hasSuffix(".rotary_emb.inv_freq")
            || (configuration.tiesEmbeddings && name == configuration.family.head.huggingFace + ".weight")
    }
}

extension ModelConfiguration {
    /// Refuses a shape that the files cannot hold, before memory is taken for it.
    ///
    /// - Parameter weights: how many the tensors' bytes can stand for at most.
    func check(tensors: Int, weights: Int, file: String = ModelFolder.configurationFile) throws(ModelFileError) {
        let count = DecoderLayout(self).count
        guard layerCount <= tensors, count <= weights else {
            throw ModelFileError(
                file: file, reason: "it asks for \(layerCount) layers and \(count) weights, more than \(tensors) tensors hold")
        }
    }
}

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

    /// The map and the shards, in the order of `files`, must name the same tensors.
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
