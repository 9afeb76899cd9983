"""Writes src/networks/golden/networks.json with the original ClinicaDL 2.0.0.

For each network: what it is made of, its weights after torch.manual_seed and after Model.reset, and in float64, with
given weights, its output and gradients, so that ours can be compared number by number. To add a network, add its cases to
CASES: `compareToOriginal` of src/networks/fixtures/original.ts takes those of one class.
"""

import json
import math
import sys
from pathlib import Path

import torch

from clinicadl.losses.config import MSELossConfig
from clinicadl.models import SupervisedModel
from clinicadl.networks import config as configs
from clinicadl.networks.factory import get_network_from_dict
from clinicadl.networks.nn import CNN, MLP, VAE, AttentionUNet, AutoEncoder, ConvDecoder, ConvEncoder, DenseNet, Generator, ResNet, SEResNet, UNet, ViT
from clinicadl.networks.nn.layers.vit import Encoder
from clinicadl.networks.nn.resnet import GeneralResNet
from clinicadl.optim.optimizers.config import AdamConfig
from torchvision.models.vision_transformer import MLPBlock

OUT = Path(__file__).parents[2] / "src" / "networks" / "golden" / "networks.json"


def checksum(tensor):
    flat = tensor.detach().double().flatten()
    return {
        "shape": list(tensor.shape),
        "sum": flat.sum().item(),
        "abs": flat.abs().sum().item(),
        "head": flat[:4].tolist(),
    }


def image(tensor):
    """A checksum that depends on where each value is."""
    flat = tensor.detach().double().flatten()
    place = torch.arange(1, len(flat) + 1, dtype=torch.float64) / len(flat)
    return {**checksum(tensor), "moment": (flat * place).sum().item()}


def given(number, shape):
    """Numbers between -1 and 1 that any language computes alike, without a pattern in them."""
    flat = [math.sin(0.7 * i * i + 0.5 * i + 1.3 * number) for i in range(math.prod(shape))]
    return torch.tensor(flat, dtype=torch.float64).reshape(shape)


CASES = {
    "mlp": (MLP, dict(num_inputs=8, num_outputs=2, hidden_dims=[4, 3], output_act="softmax"), (5, 8)),
    "mlp-group-elu": (
        MLP,
        dict(num_inputs=12, num_outputs=2, hidden_dims=[12, 8], act=("elu", {"alpha": 0.5}), norm=("group", {"num_groups": 2}), adn_ordering="ADN"),
        (3, 2, 6),
    ),
    "mlp-layer-dropout": (MLP, dict(num_inputs=8, num_outputs=3, hidden_dims=[6], norm="layer", dropout=0.3, bias=False), (4, 8)),
    "encoder-1d": (ConvEncoder, dict(spatial_dims=1, in_channels=2, channels=[3, 4], norm="batch", pooling_indices=[0]), (2, 2, 20)),
    "encoder-2d": (
        ConvEncoder,
        dict(
            spatial_dims=2,
            in_channels=1,
            channels=[2, 4, 3],
            kernel_size=[(3, 5), 3, 2],
            stride=[1, 2, 1],
            padding=(1, 0),
            dilation=[2, 1, 1],
            act=("leakyrelu", {"negative_slope": 0.2}),
            output_act="tanh",
            pooling=[("avg", {"kernel_size": 2, "ceil_mode": True}), ("adaptivemax", {"output_size": 2})],
            pooling_indices=[-1, 2],
        ),
        (2, 1, 31, 33),
    ),
    "encoder-3d": (ConvEncoder, dict(spatial_dims=3, in_channels=1, channels=[2, 4], norm=("instance", {"affine": True}), pooling_indices=[0]), (2, 1, 12, 13, 14)),
    "encoder-2d-dropout": (
        ConvEncoder,
        dict(spatial_dims=2, in_channels=2, channels=[3, 4], act="celu", norm="batch", dropout=0.3, bias=False, adn_ordering="DAN"),
        (3, 2, 9, 8),
    ),
    "decoder-1d": (
        ConvDecoder,
        dict(
            spatial_dims=1,
            in_channels=3,
            channels=[4, 2],
            norm="batch",
            unpooling=[("upsample", {"size": 11, "mode": "linear"}), ("convtranspose", {"kernel_size": 3, "stride": 2, "output_padding": 1})],
            unpooling_indices=[0, 1],
        ),
        (2, 3, 7),
    ),
    "decoder-2d": (
        ConvDecoder,
        dict(
            spatial_dims=2,
            in_channels=4,
            channels=[6, 4, 2],
            kernel_size=[(3, 5), 3, 2],
            stride=[1, (3, 2), 1],
            padding=(1, 0),
            output_padding=[0, (2, 1), 0],
            dilation=[2, 1, 1],
            act=("elu", {"alpha": 0.5}),
            output_act="sigmoid",
            norm=("group", {"num_groups": 2}),
            adn_ordering="AND",
            bias=False,
            unpooling=[
                ("upsample", {"scale_factor": 1.7, "mode": "bilinear", "recompute_scale_factor": True}),
                ("upsample", {"scale_factor": 1.3, "mode": "bicubic", "align_corners": True}),
            ],
            unpooling_indices=[2, -1],
        ),
        (2, 4, 5, 6),
    ),
    "decoder-3d": (ConvDecoder, dict(spatial_dims=3, in_channels=2, channels=[4, 1], unpooling_indices=[0], dropout=0.2), (2, 2, 3, 4, 5)),
    "generator-1d": (Generator, dict(latent_size=5, start_shape=(3, 6), conv_args={"channels": [], "unpooling_indices": [-1]}, mlp_args={"hidden_dims": [4], "act": "tanh"}), (4, 5)),
    "generator-2d-dropout": (
        Generator,
        dict(
            latent_size=4,
            start_shape=(2, 4, 3),
            conv_args={"channels": [4, 2], "dropout": 0.2, "adn_ordering": "ADN", "act": "elu", "output_act": "tanh", "bias": False, "unpooling_indices": [0]},
            mlp_args={"hidden_dims": [6, 5], "dropout": 0.3, "output_act": "celu", "norm": None, "bias": False, "adn_ordering": "DA"},
        ),
        (3, 4),
    ),
    "generator-3d": (
        Generator,
        dict(latent_size=4, start_shape=(2, 3, 4, 3), conv_args={"channels": [4, 2], "stride": 2, "unpooling": ("upsample", {"scale_factor": 2, "mode": "trilinear"}), "unpooling_indices": [0], "norm": "batch"}),
        (3, 4),
    ),
    "autoencoder-1d": (AutoEncoder, dict(in_shape=(2, 30), latent_size=3, conv_args={"channels": [3, 4], "pooling_indices": [-1, 1]}, mlp_args={"hidden_dims": [8, 6]}, unpooling_mode="linear"), (4, 2, 30)),
    "autoencoder-1d-without-bias": (
        AutoEncoder,
        dict(
            in_shape=(1, 20),
            latent_size=3,
            conv_args={"channels": [3, 2], "bias": False},
            mlp_args={"hidden_dims": [6], "act": "elu", "bias": False, "adn_ordering": "AN"},
        ),
        (4, 1, 20),
    ),
    "autoencoder-2d": (
        AutoEncoder,
        dict(
            in_shape=(1, 24, 27),
            latent_size=4,
            conv_args={
                "channels": [3, 4, 5],
                "kernel_size": [(3, 5), 3, 2],
                "stride": [2, 1, 1],
                "padding": [(1, 2), 1, 0],
                "dilation": [1, 2, 1],
                "pooling": [("avg", {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}), ("adaptivemax", {"output_size": (2, 3)})],
                "pooling_indices": [2, 0],
                "act": "mish",
                "output_act": "tanh",
                "norm": "batch",
                "adn_ordering": "AN",
            },
            mlp_args={"hidden_dims": [7], "norm": "layer", "output_act": "relu"},
            out_channels=2,
            output_act="sigmoid",
            unpooling_mode="bicubic",
        ),
        (3, 1, 24, 27),
    ),
    "autoencoder-2d-convtranspose": (
        AutoEncoder,
        dict(
            in_shape=(1, 29, 31),
            latent_size=4,
            conv_args={
                "channels": [2, 3, 4],
                "pooling": [("max", {"kernel_size": 2, "ceil_mode": True}), ("adaptiveavg", {"output_size": 7}), ("avg", {"kernel_size": 3, "padding": 1, "ceil_mode": True})],
                "pooling_indices": [0, 1, 2],
                "padding": 1,
            },
            unpooling_mode="convtranspose",
        ),
        (2, 1, 29, 31),
    ),
    # ClinicaDL's decoder misses the size after layer1, and the upsampling sets it
    "autoencoder-3d": (
        AutoEncoder,
        dict(in_shape=(1, 16, 18, 17), latent_size=3, conv_args={"channels": [2, 3], "stride": [1, 3], "padding": [0, 1], "pooling_indices": [0]}, unpooling_mode="trilinear"),
        (2, 1, 16, 18, 17),
    ),
    "autoencoder-3d-dropout": (
        AutoEncoder,
        dict(in_shape=(1, 12, 12, 12), latent_size=2, conv_args={"channels": [2, 3], "pooling_indices": [0], "dropout": 0.3}, mlp_args={"hidden_dims": [4], "dropout": 0.2}),
        (2, 1, 12, 12, 12),
    ),
    "cnn-1d": (CNN, dict(in_shape=(1, 32), num_outputs=1, conv_args={"channels": [2, 4], "act": "gelu"}), (2, 1, 32)),
    "cnn-1d-without-bias": (
        CNN,
        dict(
            in_shape=(2, 24),
            num_outputs=3,
            conv_args={"channels": [3, 4], "adn_ordering": "AND", "act": "celu", "output_act": "tanh", "bias": False},
            mlp_args={"hidden_dims": [5], "output_act": "logsoftmax", "bias": False, "adn_ordering": "AN"},
        ),
        (4, 2, 24),
    ),
    "cnn-2d": (
        CNN,
        dict(in_shape=(2, 20, 24), num_outputs=3, conv_args={"channels": [4, 6], "pooling_indices": [0, 1], "norm": "batch", "act": "mish"}, mlp_args={"hidden_dims": [7, 5], "act": "selu"}),
        (4, 2, 20, 24),
    ),
    "cnn-3d": (
        CNN,
        dict(in_shape=(1, 16, 16, 16), num_outputs=2, conv_args={"channels": [4, 8], "pooling_indices": [0], "norm": "batch"}, mlp_args={"hidden_dims": [16]}),
        (3, 1, 16, 16, 16),
    ),
    "cnn-3d-dropout": (
        CNN,
        dict(in_shape=(1, 16, 16, 16), num_outputs=2, conv_args={"channels": [4, 8], "pooling_indices": [0], "dropout": 0.2}, mlp_args={"hidden_dims": [8], "norm": None, "dropout": 0.5}),
        (2, 1, 16, 16, 16),
    ),
    "unet-1d": (UNet, dict(spatial_dims=1, in_channels=1, out_channels=1, channels=[3, 4, 5, 6], act="gelu"), (3, 1, 24)),
    "unet-2d": (
        UNet,
        dict(spatial_dims=2, in_channels=2, out_channels=3, channels=[3, 4, 6], act=("elu", {"alpha": 0.5}), output_act=("softmax", {"dim": 1})),
        (2, 2, 16, 24),
    ),
    "unet-3d": (UNet, dict(spatial_dims=3, in_channels=1, out_channels=2, channels=[3, 4], act="prelu"), (2, 1, 6, 8, 10)),
    "unet-3d-dropout": (
        UNet,
        dict(spatial_dims=3, in_channels=1, out_channels=2, channels=[4, 8, 16], dropout=0.1, output_act="sigmoid"),
        (2, 1, 8, 8, 12),
    ),
    "attentionunet-1d": (AttentionUNet, dict(spatial_dims=1, in_channels=1, out_channels=1, channels=[2, 4, 6], act="elu"), (3, 1, 16)),
    "attentionunet-2d": (
        AttentionUNet,
        dict(spatial_dims=2, in_channels=2, out_channels=3, channels=[3, 4, 6], act=("leakyrelu", {"negative_slope": 0.2}), output_act="tanh"),
        (2, 2, 16, 24),
    ),
    "attentionunet-3d": (AttentionUNet, dict(spatial_dims=3, in_channels=1, out_channels=2, channels=[4, 8]), (2, 1, 6, 8, 10)),
    "attentionunet-3d-dropout": (
        AttentionUNet,
        dict(spatial_dims=3, in_channels=1, out_channels=2, channels=[2, 4, 8], act="mish", dropout=0.2),
        (2, 1, 8, 8, 12),
    ),
    "resnet-1d": (
        ResNet,
        dict(spatial_dims=1, in_channels=2, num_outputs=2, n_res_blocks=[1, 1], n_features=[3, 4], act="elu", output_act="sigmoid", init_conv_size=4),
        (3, 2, 40),
    ),
    "resnet-2d-bottleneck": (
        ResNet,
        dict(
            spatial_dims=2,
            in_channels=1,
            num_outputs=3,
            block_type="bottleneck",
            n_res_blocks=[1, 2],
            n_features=[6, 9],
            bottleneck_reduction=3,
            init_conv_size=(3, 5),
            init_conv_stride=(1, 2),
        ),
        (3, 1, 19, 24),
    ),
    "resnet-3d": (ResNet, dict(spatial_dims=3, in_channels=1, num_outputs=2, n_res_blocks=[2, 1, 1], n_features=[3, 4, 5]), (3, 1, 24, 26, 28)),
    "resnet-3d-features": (ResNet, dict(spatial_dims=3, in_channels=1, num_outputs=None, n_res_blocks=[1, 1], n_features=[3, 4]), (2, 1, 16, 17, 18)),
    "seresnet-1d-features": (
        SEResNet,
        dict(spatial_dims=1, in_channels=1, num_outputs=None, n_res_blocks=[1, 1], n_features=[3, 4], se_reduction=3, init_conv_size=5, init_conv_stride=1, act="elu"),
        (3, 1, 36),
    ),
    "seresnet-2d": (
        SEResNet,
        dict(spatial_dims=2, in_channels=2, num_outputs=2, n_res_blocks=[1, 2], n_features=[4, 6], se_reduction=2, output_act=("softmax", {"dim": 1})),
        (3, 2, 32, 28),
    ),
    "seresnet-3d-bottleneck": (
        SEResNet,
        dict(spatial_dims=3, in_channels=1, num_outputs=2, block_type="bottleneck", n_res_blocks=[1, 1], n_features=[4, 8], bottleneck_reduction=2, se_reduction=4, act="prelu"),
        (3, 1, 18, 20, 22),
    ),
    "vae-1d": (VAE, dict(in_shape=(2, 30), latent_size=4, conv_args={"channels": [3, 4], "pooling_indices": [1]}, unpooling_mode="linear", out_channels=1), (3, 2, 30)),
    "vae-1d-without-bias": (
        VAE,
        dict(
            in_shape=(1, 20),
            latent_size=3,
            conv_args={"channels": [3, 2], "adn_ordering": "AN", "output_act": "tanh", "bias": False},
            mlp_args={"hidden_dims": [6], "norm": None, "adn_ordering": "AD", "act": "elu"},
            out_channels=2,
        ),
        (4, 1, 20),
    ),
    "vae-2d": (
        VAE,
        dict(
            in_shape=(1, 16, 18),
            latent_size=3,
            conv_args={"channels": [2, 3], "pooling_indices": [0], "norm": "batch", "act": "elu"},
            mlp_args={"hidden_dims": [7, 5], "act": "mish", "output_act": "prelu", "bias": False},
            output_act="sigmoid",
            unpooling_mode="convtranspose",
        ),
        (4, 1, 16, 18),
    ),
    "vae-3d-dropout": (
        VAE,
        dict(in_shape=(1, 8, 9, 10), latent_size=2, conv_args={"channels": [2, 3], "dropout": 0.2}, mlp_args={"hidden_dims": [6], "dropout": 0.3}, unpooling_mode="trilinear"),
        (3, 1, 8, 9, 10),
    ),
    "densenet-1d": (
        DenseNet,
        dict(spatial_dims=1, in_channels=2, num_outputs=2, n_dense_layers=[1, 2], init_features=6, growth_rate=3, bottleneck_factor=2, act=("elu", {"alpha": 0.5}), output_act="sigmoid", dropout=0.3),
        (3, 2, 64),
    ),
    "densenet-2d": (
        DenseNet,
        dict(spatial_dims=2, in_channels=1, num_outputs=3, n_dense_layers=[2, 1], init_features=5, growth_rate=2, act="prelu", output_act=("softmax", {"dim": 1})),
        (3, 1, 40, 48),
    ),
    "densenet-2d-dropout": (DenseNet, dict(spatial_dims=2, in_channels=3, num_outputs=1, n_dense_layers=[1, 1], init_features=4, growth_rate=3, dropout=0.4), (2, 3, 32, 24)),
    "densenet-3d": (DenseNet, dict(spatial_dims=3, in_channels=1, num_outputs=2, n_dense_layers=[2, 2], init_features=4, growth_rate=2), (2, 1, 24, 26, 28)),
    "densenet-3d-features": (
        DenseNet,
        dict(spatial_dims=3, in_channels=1, num_outputs=None, n_dense_layers=[1], init_features=3, growth_rate=2, bottleneck_factor=1, dropout=0.2),
        (2, 1, 16, 17, 18),
    ),
    "vit-1d": (ViT, dict(in_shape=(2, 24), patch_size=6, num_outputs=2, embedding_dim=6, num_layers=2, num_heads=3, mlp_dim=5), (3, 2, 24)),
    "vit-2d-sincos": (
        ViT,
        dict(in_shape=(1, 16, 18), patch_size=(4, 6), num_outputs=3, embedding_dim=8, num_layers=2, num_heads=2, mlp_dim=6, pos_embed_type="sincos", output_act=None),
        (2, 1, 16, 18),
    ),
    "vit-3d-dropout": (
        ViT,
        dict(in_shape=(1, 8, 8, 12), patch_size=4, num_outputs=2, embedding_dim=6, num_layers=2, num_heads=2, mlp_dim=4, pos_embed_type=None, output_act=("elu", {"alpha": 0.5}), dropout=0.2),
        (3, 1, 8, 8, 12),
    ),
    "vit-3d-features": (
        ViT,
        dict(in_shape=(1, 8, 8, 12), patch_size=(4, 2, 4), num_outputs=None, embedding_dim=12, num_layers=1, num_heads=4, mlp_dim=8, pos_embed_type="sincos"),
        (2, 1, 8, 8, 12),
    ),
    "vit-2d-features": (ViT, dict(in_shape=(3, 12, 12), patch_size=4, num_outputs=None, embedding_dim=6, num_layers=1, num_heads=1, mlp_dim=8), (2, 3, 12, 12)),
}


def joined(output):
    """Several outputs as one."""
    return output if isinstance(output, torch.Tensor) else torch.cat([each.flatten(1) for each in output], 1)


def as_constructed(network):
    """Draws what ClinicaDL's reset forgets: what constructors do after their layers (defect 21), the innermost first."""
    if isinstance(network, GeneralResNet):
        network._init_module(*network._get_layers()[:2])
    if isinstance(network, DenseNet):
        for module in network.modules():
            if isinstance(module, torch.nn.modules.conv._ConvNd):
                torch.nn.init.kaiming_normal_(module.weight)
            elif isinstance(module, torch.nn.Linear):
                torch.nn.init.zeros_(module.bias)
    for module in reversed(list(network.modules())) if isinstance(network, ViT) else []:
        if isinstance(module, MLPBlock):
            for layer in (module[0], module[3]):
                torch.nn.init.xavier_uniform_(layer.weight)
                torch.nn.init.normal_(layer.bias, std=1e-6)
        elif isinstance(module, torch.nn.MultiheadAttention):
            module.out_proj.reset_parameters()
            module._reset_parameters()
        elif isinstance(module, Encoder) and module.pos_embedding.requires_grad:
            torch.nn.init.normal_(module.pos_embedding, std=0.02)
        elif isinstance(module, ViT):
            module._init_layers()


def numbers(network, shape):
    """Its weights as they are, and what it gives and learns with given ones."""
    out = {"weights": {}}
    for key, tensor in network.state_dict().items():
        out["weights"][key] = {**checksum(tensor), "dtype": str(tensor.dtype).removeprefix("torch.")}
    # in float64, with given weights: all that a processor rounds otherwise is far below what a wrong formula changes
    network.double()
    with torch.no_grad():
        for number, p in enumerate(network.parameters()):
            p.copy_(given(number, p.shape) / math.sqrt(math.prod(p.shape[1:])))
    x = given(-1, shape)
    out["input"] = list(shape)
    network.train()
    torch.manual_seed(3)
    y = joined(network(x))
    out["output"] = image(y)
    # the square, so that a softmax has a gradient
    y.square().sum().backward()
    out["gradients"] = {key: checksum(p.grad) for key, p in network.named_parameters() if p.grad is not None}
    network.eval()
    if isinstance(network, VAE):
        # where ClinicaDL adds the deviation (defect 22)
        network.reparameterize = lambda mu, log_var: mu
    with torch.no_grad():
        out["evaluated"] = image(joined(network(x)))
    return out


def case(name, cls, args, shape):
    torch.manual_seed(42)
    network = cls(**args)
    # in ClinicaDL a ResNet has no config, and an AttentionUNet that of a UNet
    recorded = getattr(network, "config", None) or getattr(configs, f"{cls.__name__}Config")(**args)
    config = json.loads(json.dumps({**recorded.to_dict(), "name_": cls.__name__}))
    out = {"seed": 42, "config": config, "text": str(network), **numbers(network, shape)}

    torch.manual_seed(7)
    model = SupervisedModel(network=get_network_from_dict(config), loss=MSELossConfig(), optimizer=AdamConfig())
    torch.manual_seed(9)
    model.reset()
    as_constructed(model.network)
    out["reset"] = {"seed": 9, "weights": {key: checksum(p) for key, p in model.network.named_parameters()}}
    return out


if __name__ == "__main__":
    golden = {name: case(name, *args) for name, args in CASES.items()}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{json.dumps(name)}: {json.dumps(values, separators=(',', ':'))}" for name, values in golden.items()]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(OUT.stat().st_size, "bytes", file=sys.stderr)
