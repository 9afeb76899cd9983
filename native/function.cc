// Functions with a backward pass in JavaScript: a node of the graph that calls it.
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <memory>
#include <type_traits>

#include "addon.h"

namespace clinicadl {
namespace {

// The tensors of an array of handles that JavaScript has given up: this is their end there.
torch::autograd::variable_list take_tensors(Env& state, napi_value array) {
  auto out = tensors_of(state, array);
  for (uint32_t i = 0; i < out.size(); ++i) {
    napi_value element;
    ok(napi_get_element(state.env, array, i, &element));
    if (!is_nullish(state.env, element)) state.remove(to_handle(state.env, element));
  }
  return out;
}

struct JavaScriptNode : torch::autograd::Node {
  Callback callback;
  std::string label;
  std::vector<torch::autograd::SavedVariable> saved;
  bool released = false;

  JavaScriptNode(Env& state, napi_value backward, std::string name) : callback(state, backward, "a function's backward pass"), label(std::move(name)) {}

  std::string name() const override { return label; }

  void release_variables() override {
    saved.clear();
    released = true;
  }

  torch::autograd::variable_list apply(torch::autograd::variable_list&& gradients) override {
    TORCH_CHECK(!released, "Trying to backward through the graph a second time: what ", label, " saved was freed. Pass retainGraph: true to the first backward.");
    std::vector<at::Tensor> kept;
    for (const auto& variable : saved) kept.push_back(variable.unpack(getptr()));
    torch::autograd::variable_list out;
    callback.call([&](Env& state) { return std::vector<napi_value>{make_handles(state, gradients), make_handles(state, kept)}; },
                  [&](Env& state, napi_value result) { out = take_tensors(state, result); });
    TORCH_CHECK(out.size() == num_outputs(), label, ": backward gave ", out.size(), " gradients, forward took ", num_outputs(), " tensors");
    return out;
  }
};

// Nodes of the graph are held by std::shared_ptr in libtorch 2.11, and by intrusive_ptr later.
template <typename Node, typename... Arguments>
auto make_node(Arguments&&... arguments) {
  if constexpr (std::is_constructible_v<decltype(torch::autograd::Edge::function), std::shared_ptr<Node>>)
    return std::shared_ptr<Node>(new Node(std::forward<Arguments>(arguments)...));
  else
    return c10::make_intrusive<Node>(std::forward<Arguments>(arguments)...);
}

// attachBackward(name, inputs, outputs, saved, backward): new handles of the outputs, as results of a function of the
// inputs whose backward(gradients, saved) gives the gradient of each input, or null.
napi_value attach_backward(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    auto node = make_node<JavaScriptNode>(state, args[4], to_string(env, args[0]));
    auto inputs = tensors_of(state, args[1]);
    node->set_next_edges(torch::autograd::collect_next_edges(inputs));
    std::vector<at::Tensor> outputs;
    for (const auto& output : tensors_of(state, args[2])) outputs.push_back(output.detach());
    for (auto& output : outputs)
      if (torch::autograd::isDifferentiableType(output.scalar_type())) torch::autograd::set_history(output, node);
      else node->add_input_metadata(torch::autograd::Node::undefined_input());
    const auto given = tensors_of(state, args[2]);
    for (const auto& tensor : tensors_of(state, args[3])) {
      auto is = [&](const at::Tensor& other) { return other.is_same(tensor); };
      auto output = std::find_if(given.begin(), given.end(), is);
      // an output is saved as the node's own, else it would hold the node that holds it
      if (output != given.end()) node->saved.emplace_back(outputs[output - given.begin()], true);
      else node->saved.emplace_back(tensor, false);
    }
    return make_handles(state, outputs);
  });
}

}  // namespace

void define_function(napi_env env, napi_value exports) { define(env, exports, "attachBackward", attach_backward); }

}  // namespace clinicadl
