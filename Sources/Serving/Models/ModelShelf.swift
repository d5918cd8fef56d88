import CanonicalJSON
import Foundation
import Synchronization

/// The models that are served, by name. A name's model may be replaced while it is asked: answers in progress end with the one
/// before it.
final class ModelShelf: Sendable {
    private let models: Mutex<[String: ServedModel]>

    init(_ models: [ServedModel]) {
        self.models = Mutex(Dictionary(models.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last }))
    }

    subscript(name: String) -> ServedModel? { models.withLock { $0[name] } }

    var all: [ServedModel] { models.withLock { $0.values.sorted { $0.name < $1.name } } }

    func replace(_ model: ServedModel) {
        let old = models.withLock { $0.updateValue(model, forKey: model.name) }
        guard let old else { return }
        DispatchQueue.global().async { old.retire() }
    }

    func model(named name: String) throws(APIError) -> ServedModel {
        guard let model = self[name] else {
            throw APIError.missing(
                "there is no model '\(name)'; this server has \(all.map(\.name).joined(separator: ", "))",
                code: "model_not_found")
        }
        return model
    }
}
